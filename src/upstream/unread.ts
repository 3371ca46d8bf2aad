import { readSync } from 'node:fs'

/**
 * Whether the kernel holds anything for a descriptor that nobody has read yet: bytes, its end, an
 * error. Never waits.
 */
export type HasUnread = (descriptor: number) => boolean

/** The cheapest way that this Node has. */
export function createHasUnread(): HasUnread {
  return createAskByPolling() ?? askByReading
}

/** As poll(2) takes it: `int fd; short events; short revents`. */
const POLLIN = 1

/**
 * Asks with poll(2), in half a microsecond; null where it cannot be called. Node 26 calls C, but
 * says that the way to do it may change: so whatever is odd about it means that it is not there.
 */
export function createAskByPolling(): HasUnread | null {
  try {
    const ffi = loadForeignFunctions()
    const entry = new Int32Array(2)
    const address = ffi.getRawPointer(entry.buffer)
    const { poll } = ffi.dlopen(null, {
      poll: { arguments: ['pointer', 'uint64', 'int32'], return: 'int32' },
    }).functions
    const ask = (descriptor: number): boolean => {
      entry[0] = descriptor
      entry[1] = POLLIN
      return poll(address, 1n, 0) !== 0
    }
    // A descriptor below zero is nobody's, and poll(2) has nothing to say of it.
    return ask(-1) ? null : ask
  } catch {
    return null
  }
}

/** What we need of `node:ffi`. */
interface ForeignFunctions {
  getRawPointer(memory: ArrayBufferLike): bigint
  dlopen(
    library: null,
    signatures: {
      readonly poll: { readonly arguments: readonly string[]; readonly return: string }
    },
  ): {
    readonly functions: {
      readonly poll: (entries: bigint, count: bigint, milliseconds: number) => number
    }
  }
}

/** Without Node's warning at each start that this is an experiment: nothing depends on it. */
function loadForeignFunctions(): ForeignFunctions {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => undefined
  try {
    return process.getBuiltinModule('node:ffi' as 'node:fs') as unknown as ForeignFunctions
  } finally {
    process.emitWarning = emitWarning
  }
}

const oneByte = Buffer.alloc(1)

/** "Nothing to read" is told by an error, on every call: without its stack it costs a third less. */
export function askByReading(descriptor: number): boolean {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    readSync(descriptor, oneByte, 0, 1, null)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EAGAIN'
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
