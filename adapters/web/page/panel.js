// How the house is: its servers, and the tools of each with what their calls came to.
import { byId, make } from './dom.js'
import { readHealth, readTools } from './server.js'
import { say } from './words.js'

const healthEveryMs = 30_000

/** What was opened stays open when the list is drawn anew. */
const opened = new Set()
let details = { tools: [], metrics: [], own: [] }

export async function showHealth() {
  const health = await readHealth().catch(() => undefined)
  const { servers = [], status, queue, ready, model } = health ?? { status: 'away' }
  const active = servers.filter(server => server.state === 'active').length
  byId('house').dataset.state = status
  byId('house-words').textContent = servers.length ? say('serverCount', active, servers.length) : say('servers')
  const trouble = !health ? say('awayMore') : queue === 'away' ? say('queueAway') : ready ? undefined : say('starting')
  const lines = [trouble ?? say(status === 'ok' ? 'healthy' : 'troubled'), model && say('model', model)]
  byId('panel-summary').textContent = lines.filter(Boolean).join('\n')
  if (byId('panel').matches(':popover-open')) details = await readTools().catch(() => details)
  const none = health && !servers.length ? [make('li', 'none', say(health.servers ? 'noServers' : 'hidden'))] : []
  const own = (servers.length ? details.own : []).map(({ name, url }) => drawOwn(name, url))
  const items = [...servers.map(drawServer), ...none, ...own]
  const list = byId('panel-servers')
  // An open list is left alone while it says the same, so that nobody loses his place in it.
  if (items.map(textOf).join() !== [...list.children].map(textOf).join()) list.replaceChildren(...items)
}

const textOf = item => `${item.dataset.state} ${item.textContent}`

function drawServer({ name, state, tools: count, error }) {
  const facts = make('span', 'facts', `${say(`state.${state}`)} · ${count === 1 ? say('oneTool') : say('tools', count)}`)
  const head = [make('span', 'dot'), make('span', 'name', name), facts]
  const tools = details.tools.filter(({ server }) => server === name)
  const item = make('li', '', tools.length ? drawTools(name, head, tools) : make('div', 'head', ...head))
  if (error) item.append(make('p', 'fault', error))
  item.dataset.state = state
  return item
}

function drawTools(name, head, tools) {
  const list = make('ul', 'tools', ...tools.map(drawTool))
  list.setAttribute('aria-label', say('toolsOf', name))
  const whole = make('details', '', make('summary', 'head', ...head), list)
  whole.open = opened.has(name)
  whole.addEventListener('toggle', () => opened[whole.open ? 'add' : 'delete'](name))
  return whole
}

function drawTool({ name, label, description, server }) {
  const isIt = metric => metric.server === server && (name === metric.tool || name.endsWith(`__${metric.tool}`))
  const { calls, meanMs, p95Ms } = details.metrics.find(isIt) ?? {}
  const item = make('li', '', make('strong', '', label || name), ' ', make('code', '', name))
  if (description) item.append(make('p', '', description))
  if (calls) item.append(make('p', 'facts', say('calls', calls, Math.round(meanMs), Math.round(p95Ms))))
  return item
}

function drawOwn(name, url) {
  const head = make('div', 'head', make('span', 'dot'), make('span', 'name', name), make('span', 'facts', say('ownServers')))
  return make('li', '', head, make('p', 'facts', url))
}

byId('panel').addEventListener('toggle', event => event.newState === 'open' && void showHealth())
setInterval(() => document.hidden || void showHealth(), healthEveryMs)
