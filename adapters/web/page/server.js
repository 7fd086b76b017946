// Speaks with the server: asks, presses, fetches, looks after its health, and knows the key.

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

const readJson = async path => (await send(path)).json()

export const readHealth = () => readJson('health')

/** What stands behind the names of the servers; who may not know it gets none. */
export async function readTools() {
  const [{ tools }, { tools: metrics }, { own }] = await Promise.all(
    ['api/tools', 'api/metrics/tools', 'api/servers'].map(readJson),
  )
  return { tools, metrics, own }
}

/** What is said to who pressed, as a card, if anything is; or which fields of the form are `wrong`. */
export async function press(session, { action, token }, fields) {
  return (await send('chat/press', { session_id: session, action, token, ...(fields && { fields }) })).json()
}

export async function readForm(session, token) {
  return (await send('chat/form', { session_id: session, token })).json()
}

/** A picture stays one; whatever else it is, a browser can only save it. */
export async function fetchFile(session, { id }) {
  return (await send(`chat/files/${session}/${id}`)).blob()
}

/** The house ends what is under way there, and forgets what was said. */
export async function forget(session) {
  await send('api/chat/abort', { session_id: session })
  await send('chat', { session_id: session, message: '/reset' })
}

/** An answer is kept for a quarter of an hour; who waits for a server longer than this has gone. */
const followForMs = 10 * 60_000
/** The server says every 15 s that it is there: a connection that is silent for longer leads nowhere. */
const silentMs = 40_000
/** Nobody there, or not yet: a server that restarts, or the proxy before it. */
const mayComeBack = new Set([0, 502, 503, 504])

/**
 * Calls `show` with each state of the reply; true when its last state was final. A stream that breaks is taken up again, since the turn
 * goes on without it. `onId` hears by which id the question can be followed later. Throws Refusal.
 */
export async function ask(session, message, show, { attachments, onId } = {}) {
  const turn = openTurn(session, show, onId)
  await follow(await send('chat/stream', { session_id: session, message, ...(attachments?.length && { attachments }) }), turn)
  return goOn(turn, 300)
}

/** As `ask`, of what was asked before. */
export const followTurn = (session, id, show) => goOn({ ...openTurn(session, show), id }, 0)

const openTurn = (session, show, onId) => ({ session, show, onId, done: false, id: undefined, isAsking: false })

async function goOn(turn, firstPauseMs) {
  let until = Date.now() + followForMs
  for (let pauseMs = firstPauseMs; !turn.done && turn.id && Date.now() < until; pauseMs = Math.min(pauseMs * 2 || 300, 5000)) {
    await untilNetwork(pauseMs)
    const again = await send('chat/follow', { session_id: turn.session, message_id: turn.id }).catch(error => {
      if (!mayComeBack.has(error.status)) throw error
    })
    if (!again) continue
    until = Date.now() + followForMs
    await follow(again, turn)
  }
  return turn.done
}

/** A machine that finds its network again does not wait any longer. */
async function untilNetwork(pauseMs) {
  const back = new AbortController()
  await new Promise(resolve => {
    setTimeout(resolve, pauseMs)
    globalThis.addEventListener?.('online', resolve, { signal: back.signal })
  })
  back.abort()
}

const asksSomething = ({ buttons = [] }) => buttons.some(({ action }) => action !== 'stop')

async function follow(response, turn) {
  try {
    for await (const { name, data } of readEvents(response.body)) {
      if (name === 'session') {
        turn.id = data.message_id
        turn.onId?.(turn.id)
      }
      if (name === 'card') {
        turn.isAsking = asksSomething(data)
        turn.show(data)
      }
      if (name === 'done') turn.done = true
      // Who is asked may take an hour; the server hangs up earlier.
      if (name === 'error' && data.code !== 'unavailable' && !turn.isAsking) throw new Refusal(504, data.message)
    }
  } catch (error) {
    if (error instanceof Refusal) throw error
    // The socket broke: what was shown stays.
  }
}

async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader()
  const giveUp = () => reader.cancel().catch(() => {}) // it is broken already
  // What was open before the network went is not heard of again.
  const ended = new AbortController()
  for (const news of ['online', 'offline']) globalThis.addEventListener?.(news, giveUp, { signal: ended.signal })
  let rest = ''
  try {
    while (true) {
      const silence = setTimeout(giveUp, silentMs)
      const { value, done } = await reader.read().finally(() => clearTimeout(silence))
      if (done) return
      const blocks = (rest + value).split('\n\n')
      rest = blocks.pop()
      for (const block of blocks) {
        const name = /^event: (.*)$/m.exec(block)?.[1]
        const data = /^data: (.*)$/m.exec(block)?.[1]
        if (name && data) yield { name, data: JSON.parse(data) }
      }
    }
  } finally {
    ended.abort()
  }
}
