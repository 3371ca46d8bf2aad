/** Run by `costs.test.ts` in a process of its own; writes what everything costs as JSON. */
import { sink } from '../../bench/measure.ts'
import { createOperations } from '../../bench/operations.ts'
import type { Operation } from '../../bench/operations.ts'
import { bounds } from './bounds.ts'
import { costsOf, TRIES } from './exceeded.ts'

/** The same with 2 KB more. */
function wasteful({ run, ...rest }: Operation): Operation {
  return {
    ...rest,
    run: () => {
      sink.waste = Array.from({ length: 256 })
      return run()
    },
  }
}

const names = Array.from({ length: 10_000 }, (_, n) => `name ${n}`)

/** The same with a list that is looked through: no bytes, only time. */
function slow({ run, ...rest }: Operation): Operation {
  return {
    ...rest,
    run: () => {
      sink.waste = names.indexOf('no such name')
      return run()
    },
  }
}

function planted(fault: (operation: Operation) => Operation, ...names: readonly string[]) {
  return costsOf(operations.filter(({ name }) => names.includes(name)).map(fault), bounds, 1)
}

const operations = await createOperations()
const report = {
  costs: await costsOf(operations, bounds, TRIES),
  wasteful: await planted(
    wasteful,
    'mint: widget token',
    'verify: JWT, remembered',
    'match: a plain path',
  ),
  slow: await planted(slow, 'match: a plain path', 'cache hit: lead token'),
}
process.stdout.write(JSON.stringify(report))
