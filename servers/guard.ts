import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/** What somebody else chose may only lead to the open web: not into this machine, its network or its cloud. */
export interface Guard {
  /** Throws `Refused` when this address may not be called. Names are looked up only when they are called. */
  check(url: string): URL
  /** Follows up to five redirects and checks each. The body is whoever asked's to read or to destroy. */
  get(url: string, options: GetOptions): Promise<Page>
  /** Resolves a name for a connection; what `check` would refuse fails with `Refused`. */
  lookupFor(url: URL): LookupFunction
}

export interface GetOptions {
  headers?: Record<string, string>
  signal: AbortSignal
}

export interface Page {
  /** Where the redirects led. */
  url: URL
  status: number
  /** As it came, not decompressed: none is asked for. */
  body: IncomingMessage
}

/** The address leads inside, or is none: nothing was called, and nothing else may try it. */
export class Refused extends Error {
  override name = 'Refused'
}

export type LookUp = (hostname: string) => Promise<LookupAddress[]>

const mostRedirects = 5

/** `allow` holds hosts that may be called wherever they lead, with or without a port. */
export function createGuard(allow: string[], lookUp: LookUp = name => lookup(name, { all: true })): Guard {
  const isAllowed = ({ host, hostname }: URL) => allow.includes(host) || allow.includes(hostname)

  function check(address: string): URL {
    if (!URL.canParse(address)) throw new Refused(`${JSON.stringify(address.slice(0, 80))} is not an address of the web`)
    const url = new URL(address)
    const why = isAllowed(url) ? refusalOfForm(url) : (refusalOfForm(url) ?? refusalOfHost(url))
    if (why !== undefined) throw new Refused(`this address is not called: ${why}`)
    return url
  }
  const lookupFor = (url: URL) => toLookup(lookUp, isAllowed(url))

  async function get(address: string, { headers = {}, signal }: GetOptions): Promise<Page> {
    let url = check(address)
    for (let hop = 0; hop <= mostRedirects; hop++) {
      const body = await send(url, { headers, signal }, lookupFor(url))
      const status = body.statusCode ?? 0
      const { location } = body.headers
      if (status < 300 || status >= 400 || !location) return { url, status, body }
      body.destroy()
      url = check(URL.canParse(location, url.href) ? new URL(location, url).href : location)
    }
    throw new Error(`it is redirected more than ${mostRedirects} times`)
  }
  return { check, get, lookupFor }
}

function refusalOfForm({ protocol, username, password }: URL): string | undefined {
  if (!['http:', 'https:'].includes(protocol)) return `it must begin with https://, not with ${protocol.slice(0, 20)}`
  if (username !== '' || password !== '') return 'it must not hold a user name or a password'
  return undefined
}

function refusalOfHost({ hostname }: URL): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !isOutside(host)) return `${host} is an address inside a network, not on the open web`
  if (/(^|\.)(localhost|local|internal|home\.arpa)\.?$/i.test(host))
    return `${host} is a name inside a network, not on the open web`
  return undefined
}

/** What carries another address within itself (IPv4 in IPv6, NAT64, 6to4, Teredo) is not outside: nobody writes a server so. */
function isOutside(address: string): boolean {
  if (!ipaddr.isValid(address) || address === azureHost) return false
  const parsed = ipaddr.parse(address)
  return parsed.range() === 'unicast' && (parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast))
}

/** Azure's own services for its machines lie at an address of the open web (learn.microsoft.com, "What is IP address 168.63.129.16?"). */
const azureHost = '168.63.129.16'
/** All that is given out of IPv6 so far (RFC 4291, registry of IANA); what lies beside it may carry an IPv4 address. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

/** The address that is looked at is the one that is called: a name cannot change its mind in between. One that leads inside spoils all. */
function toLookup(lookUp: LookUp, anywhere: boolean): LookupFunction {
  return (hostname, options, callback) => {
    const pick = (addresses: LookupAddress[]) => {
      const inside = anywhere ? undefined : addresses.find(({ address }) => !isOutside(address))
      const [first] = addresses
      if (inside) callback(new Refused(`${hostname} leads into a network (${inside.address}), not to the open web`), '')
      else if (!first) callback(new Error(`${hostname} has no address`), '')
      else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    }
    lookUp(hostname).then(pick, (error: Error) => callback(error, ''))
  }
}

function send(url: URL, { headers = {}, signal }: GetOptions, lookup: LookupFunction): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  const sent = request(url, { headers: { 'accept-encoding': 'identity', ...headers }, signal, lookup, agent: false }, resolve)
  sent.on('error', reject)
  sent.end()
  return promise
}
