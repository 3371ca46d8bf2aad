import type {
  AnonymousPrincipal,
  CustomerPrincipal,
  ServicePrincipal,
} from '../../src/identity/principal.ts'

export const anonymous: AnonymousPrincipal = { kind: 'anonymous', channel: 'browser' }

export function customer(id = '1001'): CustomerPrincipal {
  return { kind: 'customer', channel: 'app', customer: id, expiresAt: Infinity, session: null }
}

export function service(...scopes: string[]): ServicePrincipal {
  return { kind: 'service', channel: 'server', id: 'backend', scopes: new Set(scopes) }
}
