import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { Agent, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps, Agent as SecureAgent } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import ipaddr from 'ipaddr.js'

/** What somebody else chose may only lead to the open web: not into the house, its network or its cloud. */
export interface Guard {
  /** Why this address may not be fetched, in one sentence; undefined when it may be tried. Names are looked up only when it is fetched. */
  refusal(url: string): string | undefined
  /** As the global one, but no redirect is followed, and every address that a name stands for is looked at before it is called. */
  fetch(url: string | URL, init?: RequestInit): Promise<Response>
  close(): void
}

export interface GuardOptions {
  /** Hosts that may be called wherever they lead, with or without a port: ALLOW_PRIVATE_HOSTS. */
  allow: string[]
  /** Only `https:`; hosts of `allow` may be called without. */
  secureOnly?: boolean
  /** Finds all addresses of a name; Node's own by default. */
  lookUp?: LookUp
}

type LookUp = (hostname: string) => Promise<LookupAddress[]>

export function createGuard({ allow, secureOnly = false, lookUp = name => lookup(name, { all: true }) }: GuardOptions): Guard {
  const lookUpOutside = outsideOnly(lookUp)
  const isAllowed = ({ host, hostname }: URL) => allow.includes(host) || allow.includes(hostname)
  const lookUpAnywhere = unchecked(lookUp)
  const open = [
    new Agent({ keepAlive: true, lookup: lookUpAnywhere }),
    new SecureAgent({ keepAlive: true, lookup: lookUpAnywhere }),
  ] as const
  const guarded = [
    new Agent({ keepAlive: true, lookup: lookUpOutside }),
    new SecureAgent({ keepAlive: true, lookup: lookUpOutside }),
  ] as const

  function refusal(address: string): string | undefined {
    if (!URL.canParse(address)) return `${JSON.stringify(address.slice(0, 80))} is not an address of the web`
    const url = new URL(address)
    if (!['http:', 'https:'].includes(url.protocol)) return `it must begin with https://, not with ${url.protocol.slice(0, 20)}`
    if (url.username !== '' || url.password !== '') return 'it must not hold a user name or a password'
    if (isAllowed(url)) return undefined
    if (secureOnly && url.protocol !== 'https:') return 'it must begin with https://'
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && !isOutside(host)) return `${host} is an address inside a network, not on the open web`
    if (/(^|\.)(localhost|local|internal|home\.arpa)\.?$/i.test(host))
      return `${host} is a name inside a network, not on the open web`
    return undefined
  }
  return {
    refusal,
    async fetch(input, init = {}) {
      const url = new URL(input)
      const why = refusal(url.href)
      if (why !== undefined) throw new Error(`this address is not called: ${why}`)
      const [agent, secureAgent] = isAllowed(url) ? open : guarded
      const secure = url.protocol === 'https:'
      const message = await send(url, init, secure ? secureAgent : agent, secure ? requestHttps : requestHttp)
      return toResponse(url, message)
    },
    close() {
      for (const agent of [...open, ...guarded]) agent.destroy()
    },
  }
}

/**
 * Whether an IP address lies on the open web. What carries another address within itself (IPv4 in IPv6, NAT64, 6to4, Teredo) does not:
 * nobody writes a server so.
 */
export function isOutside(address: string): boolean {
  if (!ipaddr.isValid(address) || address === azureHost) return false
  const parsed = ipaddr.parse(address)
  return parsed.range() === 'unicast' && (parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast))
}

/** Azure's own services for its machines lie at an address of the open web (learn.microsoft.com, "What is IP address 168.63.129.16?"). */
const azureHost = '168.63.129.16'
/** All that is given out of IPv6 so far (RFC 4291, registry of IANA); what lies beside it may carry an IPv4 address. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** The address that is looked at is the one that is called: a name cannot change its mind in between. One that leads inside spoils all. */
function outsideOnly(lookUp: LookUp): LookupFunction {
  return toLookup(lookUp, ({ address }) => !isOutside(address))
}

const unchecked = (lookUp: LookUp) => toLookup(lookUp, () => false)

function toLookup(lookUp: LookUp, isRefused: (address: LookupAddress) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    const pick = (addresses: LookupAddress[]) => {
      const inside = addresses.find(isRefused)
      const [first] = addresses
      if (inside) callback(new Error(`${hostname} leads into a network (${inside.address}), not to the open web`), '')
      else if (!first) callback(new Error(`${hostname} has no address`), '')
      else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    }
    lookUp(hostname).then(pick, (error: Error) => callback(error, ''))
  }
}

function send(url: URL, init: RequestInit, agent: Agent, request: typeof requestHttp): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const headers = Object.fromEntries(new Headers(init.headers))
  const sent = request(
    url,
    { method: init.method ?? 'GET', headers, agent, ...(init.signal && { signal: init.signal }) },
    resolve,
  )
  sent.on('error', reject)
  sent.end(bodyOf(init.body))
  return promise
}

function bodyOf(body: RequestInit['body']): string | Uint8Array | undefined {
  if (body === undefined || body === null) return undefined
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new Error('only texts and bytes can be sent')
}

const bodiless = new Set([204, 205, 304])

function toResponse(url: URL, message: IncomingMessage): Response {
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) for (const one of [value ?? []].flat()) headers.append(name, one)
  const status = message.statusCode ?? 0
  const body = bodiless.has(status) ? null : (Readable.toWeb(message) as WebStream<Uint8Array>)
  const response = new Response(body as ConstructorParameters<typeof Response>[0], { status, headers })
  Object.defineProperty(response, 'url', { value: url.href })
  return response
}
