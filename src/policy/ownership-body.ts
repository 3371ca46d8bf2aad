import type { Body } from '../downstream/body.ts'
import type { Principal } from '../identity/principal.ts'
import { subjectOf } from '../identity/principal.ts'
import { Problem } from '../problem.ts'
import type { Binding, BodyField, Route, Upstream } from '../provider.ts'
import { readJsonObject } from './json-members.ts'
import type { JsonObject, Literal, Member } from './json-members.ts'
import { isPersonal, malformed, refusePerson, somebodyElse } from './named-people.ts'

/** The body to send, given the account (null where it is not known). */
export type OwnedBody = (account: string | null) => Body

/** A part of the text to be written anew; nothing of it for an insertion. */
interface Edit {
  readonly offset: number
  readonly length: number
  readonly text: string
}

/** A field that holds an id of the shopper. */
interface BoundId {
  readonly binding: Binding
  readonly literal: Literal
}

/**
 * Checks what a shopper sends in a body: the listed fields, each once, and no id but their own.
 * Checked before a credential exists, but for account ids; those wait until the account is known.
 * A server that acts for nobody is not looked at. Bytes that need no change pass unchanged.
 *
 * Throws `downstream/malformed`, `policy/subject-mismatch` and `policy/write-not-allowed`.
 */
export function checkBody(
  route: Route,
  body: Body,
  principal: Principal,
  upstream: Upstream,
): OwnedBody {
  const subject = subjectOf(principal)
  const fields = route.body?.fields
  if (subject === null || fields === undefined) return () => body
  const object = readJsonObject(wholeBody(body))
  for (const member of object.members) checkMember(member, fields, route, upstream)
  checkChoices(object, fields, upstream)
  const bound = readBound(object, route)
  checkCustomers(bound, subject, upstream)
  return (account) => bind(object, bound, route, ownIds(subject, account, upstream))
}

function wholeBody(body: Body): Buffer {
  if (body === null) throw malformed('The call needs a JSON body.')
  if (Buffer.isBuffer(body)) return body
  throw new Problem('downstream/body-too-large', 'The body is larger than this call takes.')
}

/** What is neither listed nor bound is refused; what means a person is refused at any depth. */
function checkMember(
  { path, literal, isList }: Member,
  fields: readonly BodyField[],
  route: Route,
  upstream: Upstream,
): void {
  const [top = '', child, ...deeper] = path
  const name = path.at(-1) ?? ''
  if (child === undefined && bodyBinding(route, top) !== undefined) return
  if (isPersonal(name, upstream) || bodyBinding(route, name) !== undefined) refusePerson(name)
  const own = fields.filter((field) => field.name === top || field.name.startsWith(`${top}.`))
  if (own.length === 0) throw malformed(`The route does not take the field ${top}.`)
  if (own.some((field) => field.name === top)) return
  if (child === undefined && literal === null && !isList) return
  if (deeper.length === 0 && own.some((field) => field.name === `${top}.${child}`)) return
  throw malformed(`The route does not take the field ${path.join('.')}.`)
}

/** A field with choices has to be there and hold one of them. */
function checkChoices(
  { members }: JsonObject,
  fields: readonly BodyField[],
  { choices }: Upstream,
): void {
  for (const { name, choices: which } of fields) {
    if (which === undefined) continue
    const value = members.find(({ path }) => path.join('.') === name)?.literal?.value
    if (choices?.[which]?.some((choice) => choice === value) === true) continue
    throw new Problem(
      'policy/write-not-allowed',
      `The storefront has not opened this ${name} to shoppers.`,
    )
  }
}

function readBound({ text, members }: JsonObject, route: Route): readonly BoundId[] {
  return members.flatMap(({ path, literal }) => {
    const binding = path.length === 1 ? bodyBinding(route, path[0] ?? '') : undefined
    if (binding === undefined) return []
    if (literal === null || typeof literal.value !== 'string') throw somebodyElse()
    const written = text.slice(literal.offset, literal.offset + literal.length)
    // An id has one spelling: no escapes.
    if (written !== `"${literal.value}"`) throw malformed('An id in the body is encoded.')
    return [{ binding, literal }]
  })
}

function checkCustomers(bound: readonly BoundId[], subject: string, upstream: Upstream): void {
  for (const { binding, literal } of bound) {
    if (binding.to !== 'customer') continue
    if (upstream.canonicalCustomer(String(literal.value)) !== subject) throw somebodyElse()
  }
}

function ownIds(subject: string, account: string | null, upstream: Upstream) {
  return ({ to }: Binding) => (to === 'customer' ? upstream.wireCustomer(subject) : account)
}

function bind(
  object: JsonObject,
  bound: readonly BoundId[],
  route: Route,
  own: (binding: Binding) => string | null,
): Buffer {
  const rewritten = bound.flatMap(({ binding, literal }) => {
    const id = own(binding)
    if (binding.to === 'account' && literal.value !== id) throw somebodyElse()
    return id === null || id === literal.value ? [] : [{ ...literal, text: JSON.stringify(id) }]
  })
  const edits = bound.length === 0 ? missingId(object, route, own) : rewritten
  return Buffer.from(apply(object.text, edits))
}

/** The first own id that is known, put before everything else. */
function missingId(
  { members, start }: JsonObject,
  route: Route,
  own: (binding: Binding) => string | null,
): readonly Edit[] {
  for (const binding of route.bind) {
    const id = binding.in === 'body' && binding.fill === true ? own(binding) : null
    if (id === null) continue
    const comma = members.length === 0 ? '' : ','
    const text = `${JSON.stringify(binding.name)}:${JSON.stringify(id)}${comma}`
    return [{ offset: start, length: 0, text }]
  }
  return []
}

function apply(text: string, edits: readonly Edit[]): string {
  // From the end, so that the offsets of the others stay good.
  return [...edits]
    .sort((one, other) => other.offset - one.offset)
    .reduce(
      (changed, { offset, length, text: piece }) =>
        changed.slice(0, offset) + piece + changed.slice(offset + length),
      text,
    )
}

function bodyBinding(route: Route, name: string): Binding | undefined {
  return route.bind.find((binding) => binding.in === 'body' && binding.name === name)
}
