/** What was found out a moment ago, by the hash of what it was found out about. */
export interface Remembered<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
  delete(key: string): void
}

/**
 * Two generations of entries: what is asked for again moves to the young one, and when that is full
 * the old one goes. So what is used stays, the whole is bounded, and an empty one takes no room: a
 * process holds one for each source of ten thousand storefronts.
 */
export function createRemembered<Value>(capacity: number): Remembered<Value> {
  const generation = Math.ceil(capacity / 2)
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()

  function set(key: string, value: Value): void {
    if (young.size >= generation && !young.has(key)) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }

  return {
    set,
    get(key) {
      const recent = young.get(key)
      if (recent !== undefined) return recent
      const earlier = old.get(key)
      if (earlier !== undefined) set(key, earlier)
      return earlier
    },
    delete(key) {
      young.delete(key)
      old.delete(key)
    },
  }
}
