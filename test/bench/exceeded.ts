/** Measures operations, and says which of them cost more than they may. */
import { allocatedBy, timeOf, warmUp } from '../../bench/measure.ts'
import { createReferences } from '../../bench/operations.ts'
import type { Operation } from '../../bench/operations.ts'

/** What one call of an operation may cost at most. */
export interface Bound {
  readonly bytes: number
  /** CPU as a multiple of the reference's, in the same run. */
  readonly times: number
}

export interface Cost {
  readonly name: string
  readonly bytes: number
  readonly times: number
  /** What is above its bound, in words. */
  readonly exceeded: readonly string[]
}

export type Bounds = Readonly<Record<string, Bound>>

/** One bad moment of the machine is not the code's fault: only what is too much every time counts. */
export const TRIES = 3
const WARM_UP = 20
const ROUNDS = 5
const MILLISECONDS = 1

export async function costsOf(
  operations: readonly Operation[],
  bounds: Bounds,
  tries: number,
): Promise<readonly Cost[]> {
  const references = createReferences()
  const costs: Cost[] = []
  for (const operation of operations) {
    costs.push(
      await costOf(operation, references[operation.reference], bounds[operation.name], tries),
    )
  }
  return costs
}

async function costOf(
  { name, run }: Operation,
  reference: Operation['run'],
  bound: Bound | undefined,
  tries: number,
): Promise<Cost> {
  let bytes = Infinity
  let times = Infinity
  for (let time = 1; time <= tries; time++) {
    await warmUp(run, WARM_UP * time)
    bytes = Math.min(bytes, await allocatedBy(run, ROUNDS))
    const options = { rounds: ROUNDS, milliseconds: MILLISECONDS }
    times = Math.min(times, (await timeOf(run, reference, options)).leastRatio)
    if (exceededBy({ bytes, times }, bound).length === 0) break
  }
  return { name, bytes, times, exceeded: exceededBy({ bytes, times }, bound) }
}

function exceededBy({ bytes, times }: Bound, bound: Bound | undefined): readonly string[] {
  if (bound === undefined) return ['has no bound']
  return [
    // What could not be measured is not within any bound either.
    ...(bytes <= bound.bytes ? [] : [`${bytes.toFixed(0)} bytes, at most ${bound.bytes}`]),
    ...(times <= bound.times ? [] : [`${times.toFixed(1)} times, at most ${bound.times}`]),
  ]
}
