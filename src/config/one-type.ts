import { z } from 'zod'
import { isLaterType, notAvailable } from './later.ts'

type Typed = z.ZodObject<{ type: z.ZodLiteral<string> } & z.core.$ZodLooseShape>

/** A union told apart by `type`, with an answer of its own for the types that come later. */
export function oneType<Options extends readonly [Typed, ...Typed[]]>(options: Options) {
  const names = options.map((option) => option.shape.type.value)
  return z.discriminatedUnion('type', options, {
    error: (issue) => {
      if (issue.code !== 'invalid_union') return undefined
      return isLaterType(issue.input) ? notAvailable : `must be ${names.join(' or ')}`
    },
  })
}
