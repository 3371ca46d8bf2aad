import { SHOP_ID } from './config.ts'
import type { ServiceKeys } from './keys.ts'

/** A call to try, and what comes back. */
export interface Example {
  readonly title: string
  readonly status: number
  /** For a shell, on one line. */
  readonly command: string
}

interface Request {
  readonly path: string
  /** Proof of the caller. */
  readonly bearer?: string
  readonly json?: object
}

/** Filled in by the shell, with what the example that makes a session has put there. */
const session = '$SESSION'

const product = {
  externalId: 'fk-401',
  name: 'Enamel Camping Pot',
  category: 'Outdoor',
  price: 27,
}

/** Lines to copy into a shell, top to bottom; only the shopper's need the session made before. */
export function curlLines(
  gatewayUrl: string,
  { backend, plugin }: ServiceKeys,
  { shopUrl, customer }: { readonly shopUrl: string; readonly customer: string },
): readonly Example[] {
  const merchant = '/nector/api/v2/merchant'
  const syncPath = `/neuroon/api/plugin/shops/${SHOP_ID}/products/sync`
  const url = `${shopUrl}/products/enamel-camping-pot`
  const imageUrl = `${shopUrl}/pictures/fk-106.svg`
  const products = [{ ...product, url, imageUrl }]
  const sync = { path: syncPath, json: { syncType: 'INCREMENTAL', products } }
  const coins = { customer_id: `shopify-${customer}`, amount: 25, title: 'A present from curl' }
  const example = (status: number, title: string, request: Request): Example => ({
    title,
    status,
    command: curl(gatewayUrl, request),
  })

  return [
    example(200, 'Search, as anybody', { path: '/neuroon/api/widget/search?q=coffee' }),
    example(200, 'The same where a search widget expects it', {
      path: '/api/widget/search?q=rain%20jacket&limit=3',
    }),
    example(200, 'What others search for', { path: '/api/widget/trending' }),
    example(200, 'The same again: it is kept, and Neuroon is not asked', {
      path: '/api/widget/trending',
    }),
    {
      title: 'The shop’s backend makes a session for a shopper',
      status: 201,
      command: keepSession(
        curl(gatewayUrl, { path: '/session', bearer: backend, json: { customerId: customer } }),
      ),
    },
    example(200, 'Whose session it is', { path: '/session', bearer: session }),
    example(200, 'The shopper’s own loyalty data', {
      path: `${merchant}/leads/me`,
      bearer: session,
    }),
    example(200, 'The shopper’s own transactions', {
      path: `${merchant}/wallettransactions?limit=3`,
      bearer: session,
    }),
    example(401, 'The same without a session', { path: `${merchant}/wallettransactions` }),
    example(403, 'A shopper may not give themselves coins', {
      path: `${merchant}/wallettransactions`,
      bearer: session,
      json: coins,
    }),
    example(200, 'The shop’s backend may', {
      path: `${merchant}/wallettransactions`,
      bearer: backend,
      json: coins,
    }),
    example(404, 'What nobody listed does not exist', { path: `${merchant}/secrets` }),
    example(403, 'Product sync with a key that lacks the scope', { ...sync, bearer: backend }),
    example(200, 'Product sync with the plugin’s key', { ...sync, bearer: plugin }),
    example(200, 'A widget token, for rendering on the server', {
      path: '/widget-token',
      bearer: backend,
    }),
  ]
}

function curl(gatewayUrl: string, { path, bearer, json }: Request): string {
  return [
    // Ends each answer with a line break, which a JSON body has not.
    `curl -iw '\\n'`,
    quoted(gatewayUrl + path),
    ...(bearer === undefined ? [] : [`-H ${header(bearer)}`]),
    ...(json === undefined
      ? []
      : [`-H 'Content-Type: application/json'`, `-d ${quoted(JSON.stringify(json))}`]),
  ].join(' ')
}

/** In double quotes where the shell has something to fill in. */
function header(bearer: string): string {
  const text = `Authorization: Bearer ${bearer}`
  return bearer.startsWith('$') ? `"${text}"` : quoted(text)
}

/** Shows the answer and puts the token of its body where the following lines look for it. */
function keepSession(command: string): string {
  const token = `s/.*"token":"\\([^"]*\\)".*/\\1/p`
  return `ANSWER=$(${command.replace('curl -iw', 'curl -siw')}); echo "$ANSWER"; SESSION=$(echo "$ANSWER" | sed -n ${quoted(token)})`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
