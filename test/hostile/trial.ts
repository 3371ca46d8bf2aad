import { setTimeout as delay } from 'node:timers/promises'
import { ask, request } from './raw-client.ts'
import type { AskOptions, Exchange } from './raw-client.ts'
import { startStand, wrongs } from './stand.ts'
import type { Stand } from './stand.ts'
import type { Recorded } from './recorder.ts'

/** What became of one hostile request. */
export interface Verdict extends Exchange {
  readonly status: number
  readonly code: string
  /** What reached the upstream. */
  readonly sent: readonly Recorded[]
  /** Everything that must not have happened; empty where all is well. */
  readonly wrongs: readonly string[]
}

/**
 * Tries a request on a stand that nobody else uses meanwhile. Beside what reached the upstream,
 * it is wrong that the upstream was called and the caller did not get that call's answer: then a
 * refusal came too late.
 */
export async function tryOn(
  stand: Stand,
  bytes: Parameters<typeof ask>[1],
  options: AskOptions = {},
): Promise<Verdict> {
  await settled.get(stand)
  stand.recorder.forget()
  const exchange = await ask(stand.url, bytes, {
    // Every call that the upstream has got is answered, or the connection is closed.
    isEnough: (answers) => answers >= stand.recorder.requests.length,
    ...options,
  })
  const { requests } = stand.recorder
  if (exchange.isCut) settled.set(stand, settle(stand))
  const [first] = exchange.answers
  return {
    ...exchange,
    status: first?.status ?? 0,
    code: /"code":"([^"]+)"/.exec(first?.body ?? '')?.[1] ?? '',
    sent: requests,
    wrongs: [...wrongs(stand.recorder), ...(exchange.isCut ? [] : unanswered(requests, exchange))],
  }
}

/** Stands on which a call was cut off: what is left of it must not be taken for the next one's. */
const settled = new WeakMap<Stand, Promise<void>>()

/** An ordinary call comes after whatever was under way. */
async function settle({ url }: Stand): Promise<void> {
  await ask(url, request('GET /api/widget/search?q=settle', ['Connection: close']))
  await delay(20)
}

function unanswered(sent: readonly Recorded[], { answers }: Exchange): string[] {
  const tags = new Set(answers.map(({ headers }) => headers['etag']))
  return sent
    .filter(({ number }) => !tags.has(`"${number}"`))
    .map(({ method, target }) => `called before the refusal: ${method} ${target}`)
}

/** Several stands side by side: each case has one to itself, so that nothing is mistaken. */
export interface Lanes {
  /** Every case on whichever stand is free. */
  all<Case>(
    cases: readonly Case[],
    judge: (stand: Stand, value: Case) => Promise<readonly string[]>,
  ): Promise<readonly string[]>
  close(): Promise<void>
}

export async function startLanes(count = 8): Promise<Lanes> {
  const stands = await Promise.all(Array.from({ length: count }, () => startStand()))
  return {
    async all(cases, judge) {
      const queue = cases.values()
      const wrong: string[] = []
      await Promise.all(
        stands.map(async (stand) => {
          for (const value of queue) wrong.push(...(await judge(stand, value)))
        }),
      )
      return wrong
    },
    close: async () => void (await Promise.all(stands.map((stand) => stand.close()))),
  }
}
