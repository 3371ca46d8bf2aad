import { randomBytes } from 'node:crypto'

import type { Answer } from '../call.ts'
import { success } from './envelope.ts'
import type { LeadBook } from './lead-book.ts'
import { TOKEN_LIFETIME, makeLeadToken, readLeadToken } from './lead-proof.ts'
import { showLead } from './lead.ts'
import type { Lead } from './lead.ts'
import { Refusal } from './refusal.ts'

export interface SigningKey {
  readonly apiKey: string
  readonly signingSecret?: string
}

export type Swapped = 'token' | 'item' | 'both'

export interface LeadTokens {
  /** The lead id that a good token of this key proves; throws the 401 of any other. */
  read(token: string, key: SigningKey): string
  /** What a look-up by digest answers: the lead, and a token that is made for it. */
  answerLookUp(lead: Lead, key: SigningKey): Answer
  swap(customerId: string, other: string | null, swapped: Swapped): void
}

export interface LeadTokenParts {
  readonly leads: LeadBook
  readonly place: 'top' | 'data' | 'item'
  readonly isOpaque: boolean
  readonly seconds: () => number
  readonly isRevoked: (token: string, madeAt: number) => boolean
}

/** Lead tokens from both sides: made for an answer, and judged when they come back. */
export function createLeadTokens(parts: LeadTokenParts): LeadTokens {
  const { leads, seconds } = parts
  const opaque = new Map<string, { leadId: string; apiKey: string; madeAt: number }>()
  const swaps = new Map<string, { other: string; swapped: Swapped }>()

  function open(token: string, key: SigningKey): { leadId: string; madeAt: number } {
    const remembered = opaque.get(token)
    if (remembered !== undefined) {
      if (remembered.apiKey !== key.apiKey) throw invalid('made with another key')
      if (seconds() >= remembered.madeAt + TOKEN_LIFETIME) throw invalid('expired')
      return remembered
    }

    if (key.signingSecret === undefined) throw invalid('the key has no signing secret')
    const reading = readLeadToken(token, key.signingSecret, seconds())
    if (!reading.ok) throw invalid(reading.reason)
    return reading
  }

  function make(lead: Lead, { apiKey, signingSecret = '' }: SigningKey): string {
    const madeAt = seconds()
    if (!parts.isOpaque) return makeLeadToken(signingSecret, lead.id, madeAt)
    const token = `lt_${randomBytes(24).toString('base64url')}`
    opaque.set(token, { leadId: lead.id, apiKey, madeAt })
    return token
  }

  return {
    read(token, key) {
      const { leadId, madeAt } = open(token, key)
      if (parts.isRevoked(token, madeAt)) throw invalid('revoked')
      return leadId
    },

    answerLookUp(lead, key) {
      const swap = swaps.get(lead.customerId)
      const other = swap === undefined ? null : leads.byCustomer(swap.other)
      const partOf = (part: Swapped): Lead =>
        other !== null && (swap?.swapped === part || swap?.swapped === 'both') ? other : lead
      return placed(make(partOf('token'), key), showLead(partOf('item')), parts.place)
    },

    swap(customerId, other, swapped) {
      if (other === null) swaps.delete(customerId)
      else swaps.set(customerId, { other, swapped })
    },
  }
}

function placed(token: string, item: object, place: 'top' | 'data' | 'item'): Answer {
  if (place === 'item') return success({ item: { ...item, lead_token: token } })
  if (place === 'data') return success({ item, lead_token: token })
  return success({ item }, { lead_token: token })
}

/** Says why, which the real one hardly does: it is the difference between a test and a riddle. */
function invalid(reason: string): Refusal {
  return new Refusal(401, `Invalid lead token: ${reason}`)
}
