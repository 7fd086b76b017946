// Speaks with the server below /admin, where the browser is known by its cookie.

/** A refusal with its HTTP status; 0 when the server was not reached. */
class Refusal extends Error {
  constructor(status, sentence) {
    super(sentence)
    this.status = status
  }
}

const patienceMs = 15_000

async function send(path, init) {
  const response = await fetch(path, { ...init, signal: AbortSignal.timeout(patienceMs) }).catch(() => {
    throw new Refusal(0, '')
  })
  const said = await response.json().catch(() => undefined)
  if (response.ok && said) return said
  throw new Refusal(response.ok ? 0 : response.status, said?.error?.message ?? '')
}

export const read = name => send(`admin/api/${name}`)

export const readTurn = id => read(`turns/${encodeURIComponent(id)}`)

export function signIn(key) {
  const headers = { 'content-type': 'application/json' }
  return send('admin/session', { method: 'POST', headers, body: JSON.stringify({ key }) })
}

export const leave = () => send('admin/session', { method: 'DELETE' })
