import { ConfigError, formatMistake } from '../../src/config/mistake.ts'

/** The lines of the `ConfigError` that `load` ends with; empty where it ends well. */
export function mistakesOf(load: () => unknown): readonly string[] {
  try {
    load()
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes.map(formatMistake)
    throw error
  }
}
