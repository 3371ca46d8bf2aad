/** The first release of each line of Node that has the security fixes of October 2026. */
export const fixedLines: Readonly<Record<string, string>> = {
  22: '22.23.4',
  24: '24.22.1',
  26: '26.12.1',
}

/**
 * What is to be said at start about the Node that runs; null where nothing is. A warning and not a
 * refusal: development runs on the newest one that npm has, which may be behind.
 */
export function runtimeWarning(version: string): string | null {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const fixed = fixedLines[String(major)]
  const newest = Math.max(...Object.keys(fixedLines).map(Number))
  if (fixed === undefined) {
    return major > newest ? null : `Node ${version} is of a line that gets no security fixes.`
  }
  const [, fixedMinor = 0, fixedPatch = 0] = fixed.split('.').map(Number)
  if (minor > fixedMinor || (minor === fixedMinor && patch >= fixedPatch)) return null
  return `Node ${version} lacks security fixes; run ${fixed} or newer in production.`
}
