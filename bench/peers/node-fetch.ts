import { Agent, type IncomingMessage, request } from 'node:http'

const agent = new Agent({ keepAlive: true })
const bodies = new WeakMap<Response, IncomingMessage>()

/** The stream behind a response of `fetchByNode`, as text. */
export function bodyOf(response: Response): AsyncIterable<string> {
  const body = bodies.get(response)
  if (!body) throw new Error('this response did not come through node:http')
  return body.setEncoding('utf8')
}

/** As much of `fetch` as the openai library needs; the body is had from `bodyOf`. */
export async function fetchByNode(url: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const message = await send(String(url), init.method, Object.fromEntries(new Headers(init.headers)), init.body as string)
  const headers = Object.entries(message.headers).map(([name, value]) => [name, String(value)] as [string, string])
  const response = new Response(null, { status: message.statusCode ?? 0, headers })
  bodies.set(response, message)
  return response
}

/** As much of `fetch` as grammY needs. */
export async function sendByNode(url: string, init: { method?: string; headers: Record<string, string>; body: string }) {
  const message = await send(url, init.method, init.headers, init.body)
  return {
    async json(): Promise<unknown> {
      let text = ''
      for await (const piece of message.setEncoding('utf8')) text += piece
      return JSON.parse(text)
    },
  }
}

/** One request over a connection that is kept; resolves when its answer begins. */
export function send(url: string, method = 'GET', headers: Record<string, string>, body: string): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const length = Buffer.byteLength(body)
  const outgoing = request(url, { method, agent, headers: { ...headers, 'content-length': length } }, resolve)
  outgoing.on('error', reject)
  outgoing.end(body)
  return promise
}
