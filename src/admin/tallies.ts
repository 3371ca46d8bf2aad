/**
 * What happens on every call is counted here, and by the metrics library only what is rare: finding
 * one of its counters costs microseconds, because it builds a key of all labels each time. Names and
 * values are written in the Prometheus text format when somebody asks.
 */

/** One number for each combination of labels: how often something happened, or when it last did. */
export class Tallies {
  readonly #type: 'counter' | 'gauge'
  readonly #name: string
  readonly #help: string
  readonly #labels: readonly string[]
  readonly #root = new Branch()

  constructor(type: 'counter' | 'gauge', name: string, help: string, labels: readonly string[]) {
    this.#type = type
    this.#name = name
    this.#help = help
    this.#labels = labels
  }

  /** @param values of the labels, in their order */
  count(values: readonly string[]): void {
    find(this.#root, values).number += 1
  }

  /** @param values of the labels, in their order */
  set(values: readonly string[], number: number): void {
    find(this.#root, values).number = number
  }

  text(): string {
    const lines = [...this.#root.leaves()].map(
      ({ path, number }) => `${this.#name}${labelsOf(this.#labels, path)} ${number}\n`,
    )
    return heading(this.#name, this.#help, this.#type) + lines.join('')
  }
}

/** How long something takes, for each value of one label. */
export class Durations {
  readonly #name: string
  readonly #help: string
  readonly #label: string
  readonly #bounds: readonly number[]
  readonly #all = new Map<string, Observed>()

  /** @param bounds of the buckets, in seconds, rising */
  constructor(name: string, help: string, label: string, bounds: readonly number[]) {
    this.#name = name
    this.#help = help
    this.#label = label
    this.#bounds = bounds
  }

  observe(value: string, milliseconds: number): void {
    let observed = this.#all.get(value)
    if (observed === undefined) {
      observed = { buckets: this.#bounds.map(() => 0), sum: 0, count: 0 }
      this.#all.set(value, observed)
    }
    const seconds = milliseconds / 1000
    observed.sum += seconds
    observed.count += 1
    const bucket = this.#bounds.findIndex((bound) => seconds <= bound)
    if (bucket !== -1) observed.buckets[bucket]! += 1
  }

  text(): string {
    const series = [...this.#all].map(([value, observed]) => this.#series(value, observed))
    return heading(this.#name, this.#help, 'histogram') + series.join('')
  }

  #series(value: string, { buckets, sum, count }: Observed): string {
    const line = (bound: string, calls: number) =>
      `${this.#name}_bucket${labelsOf([this.#label, 'le'], [value, bound])} ${calls}\n`
    let below = 0
    const lines = this.#bounds.map((bound, at) => line(String(bound), (below += buckets[at] ?? 0)))
    const labels = labelsOf([this.#label], [value])
    return `${lines.join('')}${line('+Inf', count)}${this.#name}_sum${labels} ${sum}\n${this.#name}_count${labels} ${count}\n`
  }
}

interface Observed {
  /** Calls in each bucket alone. */
  readonly buckets: number[]
  sum: number
  count: number
}

/** A label's value; below it, those of the next label. */
class Branch {
  #children: Map<string, Branch> | null = null
  /** Means something below the last label alone. */
  number = 0

  child(value: string): Branch {
    this.#children ??= new Map()
    const known = this.#children.get(value)
    if (known !== undefined) return known
    const created = new Branch()
    this.#children.set(value, created)
    return created
  }

  *leaves(path: readonly string[] = []): Generator<{ path: readonly string[]; number: number }> {
    if (this.#children === null) {
      // The root without children is no series, but nothing counted yet.
      if (path.length > 0) yield { path, number: this.number }
      return
    }
    for (const [value, child] of this.#children) yield* child.leaves([...path, value])
  }
}

function find(root: Branch, values: readonly string[]): Branch {
  let branch = root
  for (const value of values) branch = branch.child(value)
  return branch
}

function heading(name: string, help: string, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
}

function labelsOf(names: readonly string[], values: readonly string[]): string {
  return `{${names.map((name, at) => `${name}="${escaped(values[at] ?? '')}"`).join()}}`
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
