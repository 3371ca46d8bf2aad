/**
 * Virtual time, and what is to happen in it. Everything asynchronous in a simulation ends here or
 * in the gate, so that one seed is one history.
 */
export interface Schedule {
  /** True time: what an honest clock would show, epoch milliseconds. */
  now(): number
  after(milliseconds: number, run: () => void): void
  /** Runs what comes next; false where nothing is left. */
  step(): Promise<boolean>
  /** Lets time pass and runs all that falls due, in order. */
  pass(milliseconds: number): Promise<void>
}

interface Due {
  readonly at: number
  readonly run: () => void
}

export function createSchedule(start: number, settle: () => Promise<void>): Schedule {
  let time = start
  const queue: Due[] = []

  const insert = (due: Due) => {
    let index = queue.length
    while (index > 0 && (queue[index - 1]?.at ?? 0) > due.at) index -= 1
    queue.splice(index, 0, due)
  }

  const runNext = async () => {
    const due = queue.shift()
    if (due === undefined) return false
    time = Math.max(time, due.at)
    due.run()
    await settle()
    return true
  }

  return {
    now: () => time,
    after: (milliseconds, run) => insert({ at: time + milliseconds, run }),
    step: runNext,
    async pass(milliseconds) {
      const end = time + milliseconds
      while ((queue[0]?.at ?? Infinity) <= end) await runNext()
      time = end
    },
  }
}

/**
 * Holds back what real asynchronous work (WebCrypto) gives, until all of it is done, and then lets
 * it go in the order in which it was begun: threads cannot change a history.
 */
export interface Gate {
  begin(): Passage
  /** Comes back when everything that can go on by itself has done so. */
  settle(): Promise<void>
}

export interface Passage {
  /** Around a wait for the schedule: that is not the gate's to wait for. */
  pause(): void
  resume(): void
  /** The work is done; comes back when it is this one's turn. */
  leave(): Promise<void>
}

export function createGate(): Gate {
  let begun = 0
  let busy = 0
  let leaving: { readonly order: number; readonly go: () => void }[] = []

  return {
    begin() {
      const order = (begun += 1)
      busy += 1
      return {
        pause: () => void (busy -= 1),
        resume: () => void (busy += 1),
        leave() {
          busy -= 1
          return new Promise((go) => void leaving.push({ order, go }))
        },
      }
    },
    async settle() {
      for (;;) {
        await new Promise((resolve) => void setImmediate(resolve))
        if (busy > 0) continue
        if (leaving.length === 0) return
        const turns = leaving.toSorted((one, other) => one.order - other.order)
        leaving = []
        for (const { go } of turns) go()
      }
    },
  }
}
