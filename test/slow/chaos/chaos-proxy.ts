import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** What a connection suffers. Bytes are counted from the upstream's first. */
export type Mood =
  | { readonly kind: 'well' }
  | { readonly kind: 'late'; readonly milliseconds: number }
  | { readonly kind: 'silent' }
  | { readonly kind: 'reset' | 'end'; readonly afterBytes: number }
  | { readonly kind: 'slow-close'; readonly milliseconds: number }

/** A TCP proxy that spoils connections by a schedule, so that a failure can be repeated. */
export interface ChaosProxy {
  readonly url: string
  /** From now on, for connections that are already open, too: they are cut. */
  setMoods(next: () => Mood): void
  readonly open: number
  close(): Promise<void>
}

/** @param target the upstream's URL, asked for with each connection */
export async function startChaosProxy(target: () => string): Promise<ChaosProxy> {
  const sockets = new Set<Socket>()
  let next: () => Mood = () => ({ kind: 'well' })

  const server = createServer((near) => {
    const far = connect(Number(new URL(target()).port), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    spoil(near, far, next())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port was given')

  const cutAll = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    url: `http://127.0.0.1:${address.port}`,
    setMoods(moods) {
      next = moods
      cutAll()
    },
    get open() {
      return sockets.size
    },
    close() {
      cutAll()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function spoil(near: Socket, far: Socket, mood: Mood): void {
  near.pipe(far)
  near.on('close', () => far.destroy())
  let bytes = 0
  far.on('data', (chunk: Buffer) => {
    if (mood.kind === 'silent') return
    if (mood.kind === 'late') {
      setTimeout(() => near.writable && near.write(chunk), mood.milliseconds)
      return
    }
    const isSpoilt = mood.kind === 'reset' || mood.kind === 'end'
    const left = isSpoilt ? mood.afterBytes - bytes : Infinity
    bytes += chunk.length
    near.write(chunk.length <= left ? chunk : chunk.subarray(0, Math.max(0, left)))
    if (chunk.length <= left) return
    if (mood.kind === 'reset') setImmediate(() => near.resetAndDestroy())
    else near.end()
  })
  far.on('close', () => {
    if (mood.kind === 'slow-close') setTimeout(() => near.end(), mood.milliseconds)
    else if (mood.kind !== 'silent') near.end()
  })
}

/** Mulberry32: small, and the same numbers for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
