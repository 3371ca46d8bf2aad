import type { Bounds } from './exceeded.ts'

/**
 * What each operation of `bench/operations.ts` may cost at most: a third more bytes than measured,
 * and three times the CPU, as a multiple of its reference's. Written by `write-bounds.ts`.
 */
export const bounds: Bounds = {
  'mint: widget token': { bytes: 1_500, times: 5 },
  'mint: lead token': { bytes: 20_000, times: 83 },
  'exchange: lead token': { bytes: 33_000, times: 96 },
  'digest: lead look-up': { bytes: 670, times: 4 },
  'verify: JWT ES256, new': { bytes: 20_000, times: 220 },
  'verify: JWT HS256, new': { bytes: 25_000, times: 94 },
  'verify: session, new': { bytes: 30_000, times: 100 },
  'verify: JWT, remembered': { bytes: 800, times: 370 },
  'verify: session, remembered': { bytes: 3_500, times: 990 },
  'verify: service key': { bytes: 660, times: 180 },
  'verify: nobody': { bytes: 160, times: 15 },
  'match: a plain path': { bytes: 200, times: 28 },
  'match: a path with an id': { bytes: 370, times: 87 },
  'decide: a shopper’s read': { bytes: 64, times: 3 },
  'own: an id filled in': { bytes: 2_200, times: 260 },
  'own: an id checked': { bytes: 2_200, times: 320 },
  'own: a query of content': { bytes: 2_000, times: 280 },
  'cache hit: widget token': { bytes: 310, times: 33 },
  'cache hit: lead token': { bytes: 310, times: 42 },
  'limits: a call counted': { bytes: 480, times: 72 },
  'budget: a call permitted and answered': { bytes: 130, times: 14 },
}
