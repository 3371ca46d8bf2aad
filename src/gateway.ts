/**
 * The way of a request, written out: it arrives, its storefront and route are looked up, we learn
 * who calls, decide whether they may, and answer it ourselves or proxy it (`proxy.ts`: bind,
 * authorize, deliver).
 *
 * Owns the order of the stages and nothing else; each stage is a folder of its own, and their
 * names, sorted, are this order. Called by the server for every request but the health checks.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { UnidentifiedCall } from './call.ts'
import type { Clock } from './clock.ts'
import type { ListenLimits } from './config/config.ts'
import { accept, hostOf } from './downstream/accept.ts'
import type { Arrival } from './downstream/accept.ts'
import { answerEmpty, answerProblem } from './downstream/answer.ts'
import type { CallerAddress } from './downstream/caller-address.ts'
import type { Overload } from './downstream/overload.ts'
import type { Principal } from './identity/principal.ts'
import { answerOwn } from './own.ts'
import { isPreflight, preflightHeaders } from './policy/cors.ts'
import { decide } from './policy/decide.ts'
import { callerOf, ownFamilyOf } from './policy/limits.ts'
import { asProblem, Problem } from './problem.ts'
import type { Headers, Method } from './provider.ts'
import { createProxy } from './proxy.ts'
import { CallRecorder, createSubjectNames } from './record.ts'
import type { CallRecord } from './record.ts'
import { destinationOf, locate, methodsOf } from './storefront.ts'
import type { Destination, Located, Storefronts } from './storefront.ts'
import type { Tokens } from './tokens/authorize.ts'
import type { Deliver } from './upstream/deliver.ts'
import type { Reads } from './upstream/reads.ts'

export interface GatewayOptions {
  readonly storefronts: Storefronts
  readonly tokens: Tokens
  readonly deliver: Deliver
  readonly reads: Reads
  readonly overload: Overload
  readonly addressOf: CallerAddress
  readonly limits: ListenLimits
  readonly clock: Clock
  readonly onRecord: (record: CallRecord) => void
}

export type Gateway = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export function createGateway(options: GatewayOptions): Gateway {
  const { storefronts, clock } = options
  const proxy = createProxy(options)
  const subjectNames = createSubjectNames()

  return async (request, response) => {
    const recorder = new CallRecorder(clock, subjectNames)
    let call: UnidentifiedCall | null = null
    try {
      options.overload.check()
      const arrival = accept(request, options)
      recorder.arrived(arrival)
      const storefront = storefronts.find(arrival.host)
      recorder.located(storefront.id, null)
      const headers = storefront.cors.headers(arrival)
      call = { request, response, arrival, storefront, headers, recorder }
      const served = serve(call)
      if (served !== undefined) await served
    } catch (error) {
      const problem = asProblem(error)
      recorder.failed(problem)
      answerProblem(
        response,
        problem,
        recorder.id,
        call?.headers ?? corsOfUnread(request, storefronts),
      )
    } finally {
      options.onRecord(recorder.finish(response.statusCode))
    }
  }

  /** A promise only where something has to be waited for; throws at once what can be. */
  function serve(call: UnidentifiedCall): Promise<unknown> | void {
    const { arrival, storefront, recorder } = call
    const located = locate(storefront, arrival.path)
    if (located === null) {
      throw new Problem('policy/route-unknown', 'Nothing is served under this path.')
    }
    if (isPreflight(arrival)) {
      const methods = methodsOf(located)
      return answerEmpty(call.response, preflightHeaders(arrival, call.headers, methods))
    }
    const destination = destinationOf(located, routeMethod(arrival))
    recorder.located(storefront.id, destination)
    if (destination === null) {
      throw new Problem('policy/method-not-allowed', 'The route does not take this method.', {
        allow: allowedMethods(located),
      })
    }
    // Before anybody is asked who this is: what comes after a body nobody expects is ambiguous.
    if (arrival.body !== 'none' && !destination.takesBody) {
      throw new Problem('downstream/malformed', 'The route takes no body.')
    }
    storefront.limits.checkAddress(arrival.address)
    const identified = storefront.identify(arrival)
    return identified instanceof Promise
      ? proceedLater(call, destination, identified)
      : proceed(call, destination, identified)
  }

  async function proceedLater(
    call: UnidentifiedCall,
    destination: Destination,
    principal: Promise<Principal>,
  ): Promise<unknown> {
    return proceed(call, destination, await principal)
  }

  function proceed(
    call: UnidentifiedCall,
    destination: Destination,
    principal: Principal,
  ): Promise<unknown> | void {
    const { arrival, storefront, recorder } = call
    recorder.identified(principal)
    // Beside whatever headers the answer gets, a problem's too.
    const { clearCookies = [] } = principal
    if (clearCookies.length > 0) call.response.setHeader('set-cookie', clearCookies)
    const { callers, isWriteAllowed } = destination
    decide({ arrival, principal, callers, isWriteAllowed, origins: storefront.origins })
    countCall(call, principal, destination)
    const { request, response, headers } = call
    if (destination.kind === 'own') {
      return answerOwn(destination.endpoint, {
        request,
        response,
        arrival,
        principal,
        cors: headers,
      })
    }
    return proxy(
      { request, response, arrival, storefront, principal, headers, recorder },
      destination,
    )
  }
}

/** Throws `policy/rate-limited`. */
function countCall(call: UnidentifiedCall, principal: Principal, destination: Destination): void {
  const { limits } = call.storefront
  const family = destination.kind === 'own' ? ownFamilyOf(principal) : destination.route.family
  const { headers, problem } = limits.take(callerOf(principal, call.arrival.address), family)
  if (headers.length > 0) call.headers = [...call.headers, ...headers]
  if (problem !== null) throw problem
}

/** A page of the storefront may read why its request was refused, also where we read no further. */
function corsOfUnread({ headers }: IncomingMessage, storefronts: Storefronts): Headers {
  try {
    const { cors } = storefronts.find(hostOf(headers.host ?? ''))
    return cors.headers({ headers: headers.origin === undefined ? {} : { origin: headers.origin } })
  } catch {
    return []
  }
}

function allowedMethods(located: Located): readonly string[] {
  const methods = methodsOf(located)
  return ['OPTIONS', ...methods, ...(methods.includes('GET') ? ['HEAD'] : [])]
}

/** HEAD is GET without a body, also for whoever may. */
function routeMethod({ method }: Arrival): Method {
  return (method === 'HEAD' ? 'GET' : method) as Method
}
