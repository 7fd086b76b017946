// Addresses that nobody may make us call: the one list, for every guard that there is.
import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { hostname } from 'node:os'
import { type Bundled, openSite } from './video-rig.ts'

/** This machine, in every guise that the parsers of addresses know. */
const guises = [
  '127.0.0.1',
  '127.0.0.1.',
  '127.1',
  '127.255.255.254',
  '2130706433',
  '0x7f000001',
  '0x7F.1',
  '0177.0.0.1',
  '017700000001',
  '0x7f.0.0.1',
  '%31%32%37.0.0.1',
  '①②⑦.0.0.1',
  '127。0。0。1',
  '0',
  '0.0.0.0',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::ffff:0:127.0.0.1]',
  '[::127.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b:1::7f00:1]',
  '[2002:7f00:1::]',
  '[2001:0:7f00:1::]',
  'localhost',
  'LOCALHOST',
  'localhost.',
  'a.localhost',
  'a.localhost.',
]

/** Networks, clouds and what else is not the open web. */
const others = [
  'http://10.0.0.1/',
  'http://172.16.0.1/',
  'http://172.31.255.254:8080/',
  'http://192.168.1.1/',
  'https://192.168.1.1:8443/',
  'http://100.64.0.1/',
  'http://169.254.169.254/latest/meta-data/',
  'http://169.254.169.254:80/latest/meta-data/',
  'http://2852039166/latest/meta-data/',
  'http://0xa9fea9fe/',
  'http://0251.0376.0251.0376/',
  'http://[::ffff:169.254.169.254]/',
  'http://[64:ff9b::a9fe:a9fe]/',
  'http://[fd00:ec2::254]/', // Amazon
  'http://[fd20:ce::254]/', // Google
  'http://100.100.100.200/', // Alibaba
  'http://168.63.129.16/', // Azure
  'http://192.0.0.192/', // Oracle
  'http://169.254.170.2/v2/credentials', // Amazon's containers
  'http://metadata.google.internal/',
  'http://metadata.google.internal./',
  'http://printer.local/',
  'http://router.home.arpa/',
  'http://[fe80::1]/',
  'http://[fc00::1]/',
  'http://[fec0::1]/',
  'http://[ff02::1]/',
  'http://[4000::1]/',
  'http://[2001:db8::1]/',
  'http://224.0.0.1/',
  'http://255.255.255.255/',
  'http://240.0.0.1/',
  'http://198.18.0.1/',
  'http://192.0.2.1/',
]

/** What only looks like an address of the web, or hides where it leads. */
const tricks = [
  'http://example.org@127.0.0.1/',
  'http://127.0.0.1@example.org/',
  'http://user:secret@example.org/',
  'http://example.org:80@169.254.169.254/',
  'http://example.org%40127.0.0.1/',
  'http:\\\\127.0.0.1\\',
  'http:127.0.0.1',
  'http:///127.0.0.1/',
  ' http://127.0.0.1/',
  'http://127.0.0.1\t/',
  'http://127.0.0.1#@example.org/',
  'http://127.0.0.1?@example.org/',
  'ftp://example.org/v.mp4',
  'file:///etc/passwd',
  'gopher://127.0.0.1:6379/_INFO',
  'data:text/html,hello',
  'javascript:alert(1)',
  'ytsearch:cats',
  '--exec=id',
  'nonsense',
]

/** Each must be refused. Where something listens at `port` of this machine, nothing may reach it. */
export function addressesInside(port = 80): string[] {
  return [...guises.map(host => `http://${host}:${port}/`), ...others, ...tricks]
}

/** Names without any sign of it that lead to this machine here, as /etc/hosts and the resolver have them; there may be none. */
export async function namesInside(): Promise<string[]> {
  const hosts = readFileSync('/etc/hosts', 'utf8')
    .split('\n')
    .flatMap(line => line.replace(/#.*/, '').trim().split(/\s+/).slice(1))
  const names = [...new Set([...hosts, hostname()])].filter(name => name !== '' && !/localhost\.?$/.test(name))
  const led = await Promise.all(names.map(name => lookup(name).catch(() => undefined)))
  return names.filter((_, at) => /^(127\.|::1$|10\.|192\.168\.|172\.)/.test(led[at]?.address ?? ''))
}

/** To be tried. */
export const addressesOutside = [
  'https://example.org/',
  'https://example.org:8443/',
  'http://93.184.215.14/',
  'http://[2606:4700::1111]/',
  'https://localhost.example.org/',
  'https://127.0.0.1.example.org/',
  'http://example.org\\@127.0.0.1/', // to example.org, whatever stands behind
]

/** What a bundled server says when it has not called an address. */
export const refusal = /is not called|is not an address/

/** Listens on this machine, where no server is to be led. */
export async function openTrap() {
  let hits = 0
  const site = await openSite((_request, response) => {
    hits++
    response.end('caught')
  })
  return { port: Number(site.host.split(':')[1]), hits: () => hits, close: site.close }
}

/** A site that is allowed sends its guests on: true when `/to/<status>/<address>` was asked for. */
export function redirects({ url = '' }: IncomingMessage, response: ServerResponse): boolean {
  const [, status, location] = /^\/to\/(\d+)\/(.*)$/.exec(url) ?? []
  if (location === undefined) return false
  response.writeHead(Number(status), { location: decodeURIComponent(location) }).end()
  return true
}

/** A `Location` may also be the name of a page beside. */
const isLocation = (address: string) => /^[a-z]+:/i.test(address) && !/^http:[^/\\]/.test(address) && isHeader(address)

/** A header has no letters beyond Latin-1. */
const isHeader = (address: string) => /^[\x20-\xff]+$/.test(address)

/** Sends a server to each address by a redirect of another kind; resolves with what it did not refuse, and what it said of that. */
export async function refusalsOf(addresses: string[], server: Bundled, tool: string, site: string): Promise<string[]> {
  const kinds = [301, 302, 303, 307, 308]
  const locations = [...addresses.filter(isLocation), '//169.254.169.254/', '\\\\127.0.0.1\\']
  const said = await Promise.all(
    locations.map(async (address, at) => {
      const url = `${site}/to/${kinds[at % kinds.length]}/${encodeURIComponent(address)}`
      const { ok, text } = await server.call(tool, { url })
      return ok || !refusal.test(text) ? [`${address}: ${text}`] : []
    }),
  )
  return said.flat()
}
