import { describe, expect, test } from 'vitest'
import { routes } from '../../../providers/neuroon/routes.ts'

describe('the routes', () => {
  test('are those of wire facts §1.5 and §1.6, and no others', () => {
    expect(routes.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /api/widget/search',
      'POST /api/widget/search',
      'POST /api/widget/search/audio',
      'POST /api/widget/search/visual',
      'GET /api/widget/suggestions',
      'GET /api/widget/suggest',
      'GET /api/widget/trending',
      'GET /api/widget/compare',
      'POST /api/widget/cart/cross-sell',
      'POST /api/widget/track/click',
      'POST /api/widget/track/conversion',
      'POST /api/widget/analytics/event',
      'POST /api/widget/analytics/events',
      'GET /api/plugin/shops/me',
      'POST /api/plugin/shops/verify',
      'POST /api/plugin/shops/:shopId/verify',
      'DELETE /api/plugin/shops/:shopId/verify',
      'GET /api/plugin/shops/:shopId/verification-data',
      'POST /api/plugin/shops/:shopId/products/sync',
      'GET /api/plugin/shops/:shopId/products',
      'GET /api/plugin/shops/:shopId/products/:externalId',
      'DELETE /api/plugin/shops/:shopId/products/:externalId',
      'POST /api/plugin/shops/:shopId/track/conversion',
    ])
  })

  test('take the shop key for servers alone, and the widget token for everybody', () => {
    for (const { path, callers, credential } of routes) {
      const isPlugin = path.startsWith('/api/plugin/')
      expect(credential, path).toBe(isPlugin ? 'shop-key' : 'widget-token')
      expect(callers, path).toEqual(isPlugin ? { service: 'neuroon:plugin' } : { anonymous: true })
    }
  })

  test('fix the shop wherever it is named', () => {
    for (const { path, bind } of routes) {
      expect(bind, path).toHaveLength(path.includes(':shopId') ? 1 : 0)
    }
  })
})
