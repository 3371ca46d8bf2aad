/** The committed list: which versions of a package are safe, line by line, and why. */
export interface Advisories {
  /** When somebody last looked. */
  readonly readOn: string
  readonly packages: Readonly<Record<string, Advisory>>
  readonly exceptions: readonly Exception[]
}

export interface Advisory {
  /** Major version → the first safe one of its line. Later majors are safe, earlier ones are not. */
  readonly safe: Readonly<Record<string, string>>
  readonly why: string
}

export interface Exception {
  readonly package: string
  readonly version: string
  readonly reason: string
}

/** As much of `package-lock.json` as is looked at. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, Locked>>
}

interface Locked {
  readonly version?: string
  readonly dev?: boolean
  readonly name?: string
}

/** One line for each installed package that is below its minimum safe version. */
export function findings({ packages }: Lockfile, list: Advisories): string[] {
  return Object.entries(packages).flatMap(([path, locked]) => {
    const name =
      locked.name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    const advisory = Object.hasOwn(list.packages, name) ? list.packages[name] : undefined
    if (path === '' || advisory === undefined || locked.version === undefined) return []
    if (isSafe(locked.version, advisory) || isExcepted(name, locked, list.exceptions)) return []
    return [`${name} ${locked.version} is not safe (${advisory.why})`]
  })
}

/** Whether a version is at or above the first safe one of its line. */
export function isSafe(version: string, { safe }: Pick<Advisory, 'safe'>): boolean {
  const [major = 0] = numbers(version)
  const lines = Object.keys(safe).map(Number)
  const first = safe[String(major)]
  return first === undefined ? major > Math.max(...lines) : compare(version, first) >= 0
}

/** Only what is not shipped can be excepted, and only in exactly this version. */
function isExcepted(
  name: string,
  { version, dev }: Locked,
  exceptions: readonly Exception[],
): boolean {
  const isListed = exceptions.some(
    (one) => one.package === name && one.version === version && one.reason !== '',
  )
  return dev === true && isListed
}

function compare(one: string, other: string): number {
  const [left, right] = [numbers(one), numbers(other)]
  const at = [0, 1, 2].find((index) => left[index] !== right[index])
  return at === undefined ? 0 : (left[at] ?? 0) - (right[at] ?? 0)
}

/** A pre-release counts as the version before it would: its number, and not safer. */
function numbers(version: string): number[] {
  return version.split(/[.-]/, 3).map(Number)
}
