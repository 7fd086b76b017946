// How the servers are on all workers, what the calls of tools came to, who works, and what was used today.
import { inClock, inNumber, inPercent, inSpan } from './admin-words.js'
import { byId, keepUp, make } from './dom.js'
import { say } from './words.js'

/** The worst first. */
const states = ['error', 'needs_auth', 'degraded', 'connecting', 'active', 'disabled']

export function showServers({ workers }) {
  const servers = Object.entries(
    Object.groupBy(
      workers.flatMap(({ servers }) => servers),
      ({ name }) => name,
    ),
  )
  const rows = servers.map(([name, all]) => ({ name, all, workers: workers.length })).sort(byWorst)
  keepUp(byId('server-rows'), rows, ({ name }) => name, drawServer)
  const tools = togetherByTool(workers.flatMap(({ tools }) => tools)).sort((a, b) => b.calls - a.calls)
  const most = Math.max(1, ...tools.map(({ calls }) => calls))
  const longest = Math.max(1, ...tools.map(({ p95Ms }) => p95Ms))
  keepUp(
    byId('call-rows'),
    tools.map(tool => ({ tool, most, longest })),
    ({ tool }) => `${tool.server} ${tool.tool}`,
    drawCalls,
  )
  byId('no-calls').hidden = tools.length > 0
  keepUp(byId('worker-rows'), workers, ({ worker }) => worker, drawWorker)
}

const worstOf = all => states.find(state => all.some(server => server.state === state)) ?? all[0].state
const byWorst = (a, b) => states.indexOf(worstOf(a.all)) - states.indexOf(worstOf(b.all)) || (a.name < b.name ? -1 : 1)

function rowHead(...children) {
  const cell = make('th', '', ...children)
  cell.scope = 'row'
  return cell
}

const stateTones = { active: 'good', connecting: 'busy', disabled: 'other', degraded: 'busy', needs_auth: 'busy' }

function drawServer({ name, all, workers }) {
  const state = worstOf(all)
  const count = all.filter(server => server.state === state).length
  const word = say(`state.${state}`)
  const words = count === workers ? word : say('onWorkers', word, count, workers)
  const troubles = [...new Set(all.flatMap(({ error, note }) => [error, note].filter(Boolean)))]
  const slowest = Math.max(-1, ...all.map(({ connectMs = -1 }) => connectMs))
  return make(
    'tr',
    '',
    rowHead(name),
    make('td', '', make('span', `how ${stateTones[state] ?? 'bad'}`, words)),
    make('td', 'number', inNumber(Math.max(...all.map(({ tools }) => tools)))),
    make('td', 'number more', inSpan(slowest)),
    make('td', 'trouble', ...troubles.map(trouble => make('p', '', trouble))),
  )
}

/** The mean of all by their calls, and the worst of their 95th percentiles. */
function togetherByTool(calls) {
  const groups = Object.values(Object.groupBy(calls, ({ server, tool }) => JSON.stringify([server, tool])))
  return groups.map(group => {
    const sum = name => group.reduce((total, one) => total + one[name], 0)
    const weighted = group.reduce((total, one) => total + one.meanMs * one.calls, 0)
    const { server, tool } = group[0]
    const all = { calls: sum('calls'), ok: sum('ok'), failed: sum('failed') }
    return { server, tool, ...all, meanMs: weighted / Math.max(1, all.calls), p95Ms: Math.max(...group.map(one => one.p95Ms)) }
  })
}

/** Bars beside the numbers that they show. */
function chart(words, ...parts) {
  const bars = parts.map(([kind, part]) => {
    const bar = make('span', `part ${kind}`)
    bar.style.width = `${100 * Math.min(1, Math.max(0, part))}%`
    return bar
  })
  const drawing = make('span', 'chart', ...bars)
  drawing.setAttribute('aria-hidden', 'true')
  return make('td', 'charted', drawing, make('span', '', words))
}

function drawCalls({ tool: { server, tool, calls, ok, failed, meanMs, p95Ms }, most, longest }) {
  const words = failed ? say('callsFailed', inNumber(calls), inNumber(failed)) : inNumber(calls)
  return make(
    'tr',
    '',
    rowHead(make('span', 'soft', server), ' ', tool),
    chart(words, ['good', ok / most], ['bad', failed / most]),
    make('td', 'number', calls ? inPercent(ok / calls) : ''),
    chart(say('meanAndMost', inSpan(meanMs), inSpan(p95Ms)), ['mean', meanMs / longest], ['most', (p95Ms - meanMs) / longest]),
  )
}

function drawWorker({ worker, model, servers }) {
  const active = servers.filter(({ state }) => state === 'active').length
  return make('tr', '', rowHead(worker), make('td', '', model), make('td', 'number', `${active} / ${servers.length}`))
}

export function showBudgets({ resetsAt, spent, limits }) {
  byId('budgets-caption').textContent = say('budgetsUntil', inClock(resetsAt))
  const rows = Object.entries(spent).map(([cost, used]) => ({
    cost,
    used,
    may: ['house', 'place', 'person'].map(whose => limits[whose][cost]),
  }))
  keepUp(byId('budget-rows'), rows, ({ cost }) => cost, drawBudget)
}

function drawBudget({ cost, used, may }) {
  const [all] = may
  const part = all ? used / all : 0
  const words = all ? say('spentOf', inNumber(used), inPercent(part)) : inNumber(used)
  const tone = part >= 1 ? 'bad' : part >= 0.8 ? 'busy' : 'good'
  const limits = may.map(limit => make('td', 'number', limit === undefined ? say('unlimited') : inNumber(limit)))
  return make('tr', '', rowHead(say(`cost.${cost}`)), chart(words, [tone, part]), ...limits)
}
