import { visit } from 'jsonc-parser'
import { malformed } from './named-people.ts'

/** A JSON object as text, with every member that it and the objects inside it have. */
export interface JsonObject {
  readonly text: string
  readonly members: readonly Member[]
  /** Where the first member stands, or would. */
  readonly start: number
}

export interface Member {
  /** Names from the outermost object inwards; lists count for nothing. */
  readonly path: readonly string[]
  /** The literal as it is written; null for an object or a list. */
  readonly literal: Literal | null
  readonly isList: boolean
}

export interface Literal {
  readonly value: unknown
  /** UTF-16 units in the text. */
  readonly offset: number
  readonly length: number
}

const MAX_DEPTH = 32
// One spelling for each name: no escapes, nothing that another reader could fold or cut.
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

/**
 * Reads a body of which no two readers can think differently: strict JSON in UTF-8, an object, each
 * name once and spelled plainly. Throws `downstream/malformed`.
 */
export function readJsonObject(body: Buffer): JsonObject {
  const text = decode(body)
  refuseInvalid(text)
  const members: OpenMember[] = []
  /** The member whose value comes next; null inside a list. */
  let open: OpenMember | null = null
  const names: Set<string>[] = []
  const path: string[] = []
  let depth = 0
  let start = -1

  const enter = (offset: number): void => {
    depth += 1
    if (depth > MAX_DEPTH) throw malformed('The body is nested too deeply.')
    if (start === -1) start = offset + 1
    open = null
  }
  visit(text, {
    onObjectBegin(offset) {
      enter(offset)
      names.push(new Set())
    },
    onObjectProperty(name, offset, length) {
      if (!NAME.test(text.slice(offset + 1, offset + length - 1))) {
        throw malformed('A field of the body has an odd name.')
      }
      const known = names.at(-1)
      if (known?.has(name) === true) throw malformed('A field of the body is there twice.')
      known?.add(name)
      path.length = names.length - 1
      path.push(name)
      open = { path: [...path], literal: null, isList: false }
      members.push(open)
    },
    onObjectEnd() {
      names.pop()
      path.length = names.length
      depth -= 1
    },
    onArrayBegin(offset) {
      if (open !== null) open.isList = true
      enter(offset)
    },
    onArrayEnd() {
      depth -= 1
    },
    onLiteralValue(value: unknown, offset, length) {
      if (open !== null) open.literal = { value, offset, length }
      open = null
    },
  })
  return { text, members, start }
}

interface OpenMember {
  readonly path: readonly string[]
  literal: Literal | null
  isList: boolean
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch (error) {
    throw malformed('The body is not UTF-8.', error)
  }
}

/** The strict reader decides what is JSON; the other one only says where things stand. */
function refuseInvalid(text: string): void {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw malformed('The body is not valid JSON.', error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed('The body must be a JSON object.')
  }
}
