import { wordsFor } from './i18n/i18n.ts'
import { type Log, reason } from './log.ts'
import { metadataOf } from './mcp/oauth.ts'
import { callbackPath, clientPath } from './mcp/own.ts'
import type { Conversation } from './message.ts'
import { type Desk, findSignIn, finishSignIn } from './sign-in.ts'

export interface CallbackDeps {
  desk: Desk
  /** Tells who has asked, in the chat. */
  say(conversation: Conversation, text: string): Promise<unknown>
  locale: string
  log: Log
}

interface Page {
  method: 'GET'
  path: string
  handle(request: Request): Promise<Response>
}

/** The pages that the web door shows to browsers that come back from a sign-in, and to authorization servers that ask who we are. */
export function createCallback(deps: CallbackDeps): Page[] {
  const { redirectUrl, clientMetadataUrl } = deps.desk.own.web
  const whoWeAre: Page = {
    method: 'GET',
    path: clientPath,
    handle: async () => Response.json({ client_id: clientMetadataUrl, ...metadataOf(redirectUrl) }),
  }
  const back: Page = { method: 'GET', path: callbackPath, handle: request => comeBack(new URL(request.url).searchParams, deps) }
  return clientMetadataUrl === undefined ? [back] : [back, whoWeAre]
}

async function comeBack(callback: URLSearchParams, { desk, say, locale, log }: CallbackDeps): Promise<Response> {
  const found = await findSignIn(desk, callback.get('state') ?? '')
  const words = wordsFor(found?.asked.author.locale, locale)
  const { language, mcp } = words
  if (!found) return page(400, language, mcp.page.failed, mcp.page.over)
  const { server, owner, asked } = found
  if (callback.has('error')) return page(400, language, mcp.page.failed, mcp.page.declinedText(server))
  try {
    await finishSignIn(desk, { server, owner }, callback)
  } catch (error) {
    log.warn({ server, owner, reason: reason(error) }, 'a sign-in did not work')
    return page(400, language, mcp.page.failed, mcp.page.failedText(server))
  }
  void say(asked.conversation, mcp.signedIn(server)).catch((error: unknown) => {
    log.warn({ conversation: asked.conversation, reason: reason(error) }, 'who signed in could not be told')
  })
  return page(200, language, mcp.page.done, mcp.page.doneText(server, asked.author.name))
}

const headers = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer', // the address holds the code
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
}

function page(status: number, language: string, title: string, text: string): Response {
  const html = `<!doctype html>
<html lang="${language}">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>${toHtml(title)} · Bellhop</title>
<main><h1>${toHtml(title)}</h1><p>${toHtml(text)}</p></main>
</html>
`
  return new Response(html, { status, headers })
}

const toHtml = (text: string) => text.replace(/[&<>"']/g, letter => `&#${letter.charCodeAt(0)};`)
