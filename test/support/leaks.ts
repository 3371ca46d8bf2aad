import { holds } from '../../sandbox/emulators/call.ts'
import {
  keys,
  SERVER_KEY,
  SESSION_SECRET,
  SHOP_KEY,
  SIGNING_SECRET,
  STOREFRONT_KEY,
  WRITE_KEY,
} from './rig.ts'
import type { Rig } from './rig.ts'

/** What must never come out of a gateway, whoever asks. */
const secrets = {
  SHOP_KEY,
  STOREFRONT_KEY,
  SERVER_KEY,
  WRITE_KEY,
  SIGNING_SECRET,
  SESSION_SECRET,
  ...keys,
}

/** Headers by which the gateway proves itself; their values are short-lived and as secret. */
const proofs = ['x-leaddigest', 'x-leadtoken', 'x-widget-token']

/**
 * One line for each place in which a secret has come out during the life of a rig: in a header or
 * body of an answer, in the log, or towards an upstream where it has no business. Also looked for
 * in base64, hex and percent-encoding.
 */
export function leaksOf(rig: Rig, more: Readonly<Record<string, string>> = {}): string[] {
  const known = new Map([...Object.entries({ ...secrets, ...more }), ...sentProofs(rig)])
  const found = (place: string, text: string) =>
    [...known]
      .filter(([name, value]) => holds(text, value) && !isMeant(place, name))
      .map(([name]) => `${name} in ${place}`)
  return [
    ...rig.answers.flatMap(({ path, answer }) => [
      ...found(`the body of ${path}`, answer.text),
      ...found(`the headers of ${path}`, JSON.stringify(answer.headers)),
    ]),
    ...found('the log', rig.log()),
    ...rig.neuroon.leaks,
    ...rig.nector.leaks,
  ]
}

function sentProofs(rig: Rig): [string, string][] {
  return [...rig.neuroon.received, ...rig.nector.received].flatMap(({ headers }, index) =>
    proofs.flatMap((name): [string, string][] => {
      const value = headers[name]
      return value === undefined ? [] : [[`${name} #${index}`, value]]
    }),
  )
}

/** The one endpoint that is there to give a token away. */
function isMeant(place: string, name: string): boolean {
  return place === 'the body of /widget-token' && name.startsWith('x-widget-token')
}
