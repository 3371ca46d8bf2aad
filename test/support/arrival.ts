import type { Arrival } from '../../src/downstream/accept.ts'

/** A request that has arrived, with what matters to the test. */
export function arrivalOf(rest: Partial<Arrival> = {}): Arrival {
  return {
    id: '00000000-0000-4000-8000-000000000000',
    method: 'GET',
    path: '/',
    query: '',
    host: 'gw.acme.example',
    headers: {},
    address: '127.0.0.1',
    body: 'none',
    contentLength: 0,
    ...rest,
  }
}
