// Speaks with the server: asks, presses, looks after its health, and knows the key.

const keyPlace = 'bellhop.key'
const keyOf = () => sessionStorage.getItem(keyPlace)

export const keepKey = key => sessionStorage.setItem(keyPlace, key)

/** A refusal with its HTTP status; 0 when the server was not reached. */
export class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence)
    this.status = status
  }
}

async function send(path, body) {
  const key = keyOf()
  const headers = { ...(body && { 'content-type': 'application/json' }), ...(key && { authorization: `Bearer ${key}` }) }
  const init = body ? { method: 'POST', headers, body: JSON.stringify(body) } : { headers }
  const response = await fetch(path, init).catch(() => {
    throw new Refusal(0, '')
  })
  if (response.ok) return response
  const said = await response.json().catch(() => undefined)
  throw new Refusal(response.status, said?.error?.message ?? '')
}

export async function readHealth() {
  return (await send('health')).json()
}

/** What is said to who pressed, as a card, if anything is. */
export async function press(session, { action, token }) {
  const response = await send('chat/press', { session_id: session, action, token })
  return (await response.json()).aside
}

/** An answer is kept for a quarter of an hour; who waits for a server longer than this has gone. */
const followForMs = 10 * 60_000
/** Nobody there, or not yet: a server that restarts, or the proxy before it. */
const mayComeBack = new Set([0, 502, 503, 504])

/**
 * Calls `show` with each state of the reply; true when its last state was final. A stream that breaks is taken up again, since the turn
 * goes on without it. Throws Refusal.
 */
export async function ask(session, message, show) {
  const turn = { done: false, id: undefined }
  await follow(await send('chat/stream', { session_id: session, message }), turn, show)
  const until = Date.now() + followForMs
  for (let pauseMs = 300; !turn.done && turn.id && Date.now() < until; pauseMs = Math.min(pauseMs * 2, 5000)) {
    await new Promise(resolve => setTimeout(resolve, pauseMs))
    const again = await send('chat/follow', { session_id: session, message_id: turn.id }).catch(error => {
      if (!mayComeBack.has(error.status)) throw error
    })
    if (again) await follow(again, turn, show)
  }
  return turn.done
}

async function follow(response, turn, show) {
  try {
    for await (const { name, data } of readEvents(response.body)) {
      if (name === 'session') turn.id = data.message_id
      if (name === 'card') show(data)
      if (name === 'done') turn.done = true
      if (name === 'error' && data.code !== 'unavailable') throw new Refusal(504, data.message)
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    // The socket broke: what was shown stays.
  }
}

async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  while (true) {
    const { value, done } = await reader.read()
    if (done) return
    const blocks = (rest + value).split('\n\n')
    rest = blocks.pop()
    for (const block of blocks) {
      const name = /^event: (.*)$/m.exec(block)?.[1]
      const data = /^data: (.*)$/m.exec(block)?.[1]
      if (name && data) yield { name, data: JSON.parse(data) }
    }
  }
}
