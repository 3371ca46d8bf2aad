/**
 * Loaded into a gateway under measurement (`node --import`): tells how large its heap is. With
 * `--expose-gc`, after everything that is no longer in use has been collected.
 */
process.on('message', () => {
  globalThis.gc?.()
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  process.send?.(heapUsed + external)
})
