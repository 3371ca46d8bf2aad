/**
 * Options of an `LRUCache` for so many entries. Counted as sizes, because for a number of entries
 * it takes the room of all of them at once: 15 ms and 5 MB at every start.
 */
export function bounded(entries: number): { maxSize: number; sizeCalculation: () => number } {
  return { maxSize: entries, sizeCalculation: () => 1 }
}
