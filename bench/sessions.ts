import { request } from 'undici'
import { host, SERVICE_KEY } from './gatehouse.ts'

/** Sessions for customers `from` to `from + count`, as a shop's server asks for them. */
export async function makeSessions(url: string, from: number, count: number): Promise<string[]> {
  const sessions: string[] = []
  for (let at = 0; at < count; at += 50) {
    const batch = Array.from({ length: Math.min(50, count - at) }, (_, n) =>
      makeSession(url, from + at + n),
    )
    sessions.push(...(await Promise.all(batch)))
  }
  return sessions
}

async function makeSession(url: string, customer: number): Promise<string> {
  const { statusCode, body } = await request(`${url}/session`, {
    method: 'POST',
    headers: {
      host: host(0),
      authorization: `Bearer ${SERVICE_KEY}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ customerId: String(customer) }),
  })
  const answer = (await body.json()) as { token?: string }
  if (statusCode !== 201 || answer.token === undefined) throw new Error(`no session: ${statusCode}`)
  return answer.token
}
