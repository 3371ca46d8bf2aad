import type { Bounds } from './exceeded.ts'

/**
 * What each operation of `bench/operations.ts` may cost at most: a third more bytes than measured,
 * and three times the CPU, as a multiple of its reference's. Written by `write-bounds.ts`.
 */
export const bounds: Bounds = {
  'mint: widget token': { bytes: 1_700, times: 4 },
  'mint: lead token': { bytes: 20_000, times: 59 },
  'exchange: lead token': { bytes: 32_000, times: 92 },
  'digest: lead look-up': { bytes: 800, times: 3 },
  'verify: JWT ES256, new': { bytes: 20_000, times: 180 },
  'verify: JWT HS256, new': { bytes: 25_000, times: 73 },
  'verify: session, new': { bytes: 30_000, times: 74 },
  'verify: JWT, remembered': { bytes: 1_300, times: 390 },
  'verify: session, remembered': { bytes: 3_900, times: 1100 },
  'verify: service key': { bytes: 1_200, times: 190 },
  'verify: nobody': { bytes: 480, times: 19 },
  'match: a plain path': { bytes: 280, times: 27 },
  'match: a path with an id': { bytes: 440, times: 90 },
  'decide: a shopper’s read': { bytes: 64, times: 3 },
  'own: an id filled in': { bytes: 2_500, times: 300 },
  'own: an id checked': { bytes: 2_300, times: 390 },
  'own: a query of content': { bytes: 7_200, times: 1100 },
  'cache hit: widget token': { bytes: 310, times: 32 },
  'cache hit: lead token': { bytes: 310, times: 38 },
  'limits: a call counted': { bytes: 510, times: 76 },
  'budget: a call permitted and answered': { bytes: 120, times: 15 },
}
