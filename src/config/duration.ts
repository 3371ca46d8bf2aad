import { z } from 'zod'

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const form = /^(\d{1,9})(ms|s|m|h|d)$/

export interface DurationBounds {
  readonly min: string
  readonly max: string
}

/** A duration as people write it (`500ms`, `2s`, `1h`) → milliseconds. */
export function durationSchema({ min, max }: DurationBounds) {
  const [least, most] = [parseDuration(min) ?? 0, parseDuration(max) ?? Infinity]
  const example = 'must be a duration such as 500ms, 2s, 10m or 1h'
  return z
    .string({ error: ({ input }) => (input === undefined ? undefined : example) })
    .regex(form, example)
    .refine((text) => (parseDuration(text) ?? least) >= least, `must be at least ${min}`)
    .refine((text) => (parseDuration(text) ?? most) <= most, `must be at most ${max}`)
    .transform((text) => parseDuration(text) ?? 0)
}

/** Milliseconds, or null where the text is not a duration. */
export function parseDuration(text: string): number | null {
  const [, count, unit] = form.exec(text) ?? []
  return count === undefined ? null : Number(count) * units[unit as keyof typeof units]
}

/** The shortest exact spelling: 90000 is `90s`, 3600000 is `1h`. */
export function formatDuration(milliseconds: number): string {
  const [unit, size] = Object.entries(units).findLast(([, size]) => milliseconds % size === 0)!
  return milliseconds === 0 ? '0s' : `${milliseconds / size}${unit}`
}
