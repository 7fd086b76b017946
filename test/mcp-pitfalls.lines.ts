import type { PitfallMutation } from './mcp-pitfalls.ts'

/** Of the way to a server, and of the time that a call takes. */
export const ofLines: PitfallMutation[] = [
  {
    pitfall: 1,
    taken: 'the end of its stream fails a call',
    change: { file: 'src/mcp/mend.ts', from: 'if (asked.delete(id)) hear?.(', to: 'if (false) hear?.(' },
    test: { file: 'test/mcp-lost.test.ts', sentence: '%s: one that only reads is made again under a new id' },
  },
  {
    pitfall: 1,
    taken: 'what only reads is made again',
    change: { file: 'src/mcp/retry.ts', from: 'return error.message === lostAnswer', to: 'return false' },
    test: { file: 'test/mcp-lost.test.ts', sentence: '%s: one that only reads is made again under a new id' },
  },
  {
    pitfall: 1,
    taken: 'and nothing else is',
    change: { file: 'src/mcp/retry.ts', from: '!(repeatable && isLost(error))', to: '!isLost(error)' },
    test: { file: 'test/mcp-lost.test.ts', sentence: '%s: a call that may have had an effect is not made again' },
  },
  {
    pitfall: 2,
    taken: 'after a 404 the session is opened anew',
    change: { file: 'src/mcp/retry.ts', from: 'if (isSessionGone(error)) return true', to: '' },
    test: { file: 'test/mcp-lost.test.ts', sentence: 'many calls at once need one new handshake, and all of them succeed' },
  },
  {
    pitfall: 2,
    taken: 'and after a 400 that speaks of it',
    change: { file: 'src/mcp/retry.ts', from: 'return status === 404 || (', to: 'return status === 404 || (false && ' },
    test: { file: 'test/mcp-lost.test.ts', sentence: 'so is one that answers 400 and speaks of the session, as many do' },
  },
  {
    pitfall: 2,
    taken: 'the old connection stays open for who waits on it',
    change: { file: 'src/mcp/connection.ts', from: 'if (retired && users === 0)', to: 'if (retired)' },
    test: { file: 'test/mcp-lost.test.ts', sentence: 'what others still wait for is not cut off' },
  },
  {
    pitfall: 3,
    taken: 'helpers are found by their parents',
    change: { file: 'src/mcp/tree.ts', from: '(family.has(pid) || isMarked(pid, mark))', to: 'isMarked(pid, mark)' },
    test: { file: 'test/mcp-process.test.ts', sentence: 'with its helpers, wherever they have gone (%s)' },
  },
  {
    pitfall: 3,
    taken: 'and by the mark that they inherit',
    change: { file: 'src/mcp/tree.ts', from: '(family.has(pid) || isMarked(pid, mark))', to: 'family.has(pid)' },
    test: { file: 'test/mcp-process.test.ts', sentence: 'also when it crashes, for what carries its mark' },
  },
  {
    pitfall: 3,
    taken: 'all of them are ended at the same time',
    change: {
      file: 'src/mcp/registry.ts',
      from: 'await Promise.all(all().map(server => server.close()))',
      to: 'for (const server of all()) await server.close()',
    },
    test: { file: 'test/mcp-process.test.ts', sentence: 'and so are all those of a host that closes' },
  },
  {
    pitfall: 4,
    taken: 'only harmless names of our environment are given',
    change: { file: 'src/mcp/stdio.ts', from: '{ ...getDefaultEnvironment(), ...env,', to: '{ ...process.env, ...env,' },
    test: {
      file: 'test/mcp-process.test.ts',
      sentence: 'its environment is what the configuration says and a few harmless names: none of our secrets (%s)',
    },
  },
  {
    pitfall: 4,
    taken: 'stderr is kept up to 64 KB',
    change: { file: 'src/mcp/stdio.ts', from: '.slice(-maxStderrChars)', to: '' },
    test: { file: 'test/mcp-process.test.ts', sentence: 'a flood on stderr blocks nothing, and its last 64 KB are kept' },
  },
  {
    pitfall: 5,
    taken: 'progress extends a call',
    change: { file: 'src/mcp/calls.ts', from: 'deadline.touch()', to: '' },
    test: { file: 'test/mcp-clock.test.ts', sentence: '%s: progress extends it up to the absolute end' },
  },
  {
    pitfall: 5,
    taken: 'up to an absolute end',
    change: { file: 'src/mcp/deadline.ts', from: 'total.run(totalMs)', to: '' },
    test: { file: 'test/mcp-clock.test.ts', sentence: '%s: progress extends it up to the absolute end' },
  },
  {
    pitfall: 5,
    taken: 'its end is told to the server',
    change: { file: 'src/mcp/calls.ts', from: 'signal: deadline.signal,\n    timeout', to: 'timeout' },
    test: { file: 'test/mcp-clock.test.ts', sentence: 'over the web before 2026, by a message' },
  },
  {
    pitfall: 5,
    taken: 'the fetch has no clock of its own',
    change: {
      file: 'src/mcp/web-fetch.ts',
      from: 'return async (input, init = {}) => {',
      to: 'return async (input, init = {}) => {\n    return fetch(input, init)',
    },
    test: {
      file: 'test/mcp-clock.test.ts',
      sentence: 'a stream that stays quiet for long is not cut by the clock of the global fetch',
    },
  },
  {
    pitfall: 6,
    taken: 'the clocks can stand still',
    change: { file: 'src/mcp/deadline.ts', from: 'if (pauses++ > 0) return', to: 'if (pauses++ >= 0) return' },
    test: { file: 'test/mcp-clock.test.ts', sentence: 'the time of silence and the whole time both stand still' },
  },
  {
    pitfall: 6,
    taken: 'they do while its person is asked',
    change: {
      file: 'src/mcp/calls.ts',
      from: 'deadline.pause()\n      try {\n        return await ask',
      to: 'try {\n        return await ask',
    },
    test: { file: 'test/mcp-asking.test.ts', sentence: 'is given as much time as before, however long the person thinks' },
  },
  {
    pitfall: 6,
    taken: 'and while a server before 2026 asks beside the call',
    change: { file: 'src/mcp/calls.ts', from: 'for (const deadline of held) deadline.pause()', to: '' },
    test: { file: 'test/mcp-clock.test.ts', sentence: 'a session holds the calls that are under way, and those alone' },
  },
  {
    pitfall: 7,
    taken: 'a call may be answered with a question',
    change: { file: 'src/mcp/calls.ts', from: 'options), allowInputRequired: true }', to: 'options) }' },
    test: {
      file: 'test/mcp-asking.test.ts',
      sentence: 'a server %s whose call is made again on another worker is answered there',
    },
  },
  {
    pitfall: 7,
    taken: 'a call goes on from where another process left it',
    change: { file: 'src/mcp/calls.ts', from: 'isRound(resume) ? resume : undefined', to: 'undefined' },
    test: {
      file: 'test/mcp-asking.test.ts',
      sentence: '7. a call that was parked goes on where it was: its server hears the answer, and is not asked anew',
    },
  },
  {
    pitfall: 7,
    taken: 'the state of the server is echoed',
    change: { file: 'src/mcp/rounds.ts', from: '...(round.requestState !== undefined && {', to: '...(false && {' },
    test: {
      file: 'test/mcp-asking.test.ts',
      sentence: 'a server %s whose call is made again on another worker is answered there',
    },
  },
  {
    pitfall: 9,
    taken: 'a task is kept from the SDK',
    change: { file: 'src/mcp/mend.ts', from: 'if (task) return { ...message, result: keepTask(task) }', to: '' },
    test: {
      file: 'test/mcp-tasks.test.ts',
      sentence: 'a call that becomes a task is asked after until it is done, and tells how far it is',
    },
  },
  {
    pitfall: 9,
    taken: 'it is told what it has not been told already',
    change: { file: 'src/mcp/tasks.ts', from: '.filter(([id]) => !told.includes(id))', to: '' },
    test: {
      file: 'test/mcp-tasks.test.ts',
      sentence: 'a task asks the person once, though it names its question until it has seen the answer',
    },
  },
  {
    pitfall: 9,
    taken: 'before 2026 a tool that has to be one is called as a task',
    change: { file: 'src/mcp/tasks.ts', from: '_meta?.[taskOnlyKey] === true ? { task: {} } : {}', to: '{}' },
    test: {
      file: 'test/mcp-old-tasks.test.ts',
      sentence: 'is called with one, asked after until it is done, and its result is fetched',
    },
  },
  {
    pitfall: 11,
    taken: 'one refreshes at a time',
    change: { file: 'src/mcp/oauth.ts', from: 'return store.alone(async () => {', to: 'return (work => work())(async () => {' },
    test: {
      file: 'test/mcp-oauth.test.ts',
      sentence: 'of many that find the token too old at once one refreshes, and all have the new one',
    },
  },
  {
    pitfall: 11,
    taken: 'the others are given what it got',
    change: { file: 'src/mcp/oauth.ts', from: 'if (now && (isOthers ||', to: 'if (now && false && (isOthers ||' },
    test: {
      file: 'test/mcp-oauth.test.ts',
      sentence: 'of many that find the token too old at once one refreshes, and all have the new one',
    },
  },
  {
    pitfall: 11,
    taken: 'also in other processes',
    change: { file: 'src/mcp/sign-ins.ts', from: "'PX', lockMs, 'NX')", to: "'PX', lockMs)" },
    test: { file: 'test/mcp-members.test.ts', sentence: 'of two that want the same lock one waits' },
  },
  {
    pitfall: 12,
    taken: 'a second try by the old handshake',
    change: { file: 'src/mcp/connection.ts', from: "era === 'auto' ? ['auto', 'legacy'] : [era]", to: '[era]' },
    test: {
      file: 'test/mcp-lost.test.ts',
      sentence: 'one that answers %i when asked for the newest is reached by the old handshake',
    },
  },
  {
    pitfall: 12,
    taken: 'what led to a server is tried first',
    change: {
      file: 'src/mcp/connection.ts',
      from: 'knownFirst(waysTo(config, hooks.web), known)',
      to: 'waysTo(config, hooks.web)',
    },
    test: { file: 'test/mcp-lost.test.ts', sentence: 'a silent one over stdio is waited for once, not after every crash' },
  },
  {
    pitfall: 12,
    taken: 'a silent one is not waited for as long as for a connection',
    change: { file: 'src/mcp/connection.ts', from: 'probe: { timeoutMs }', to: 'probe: {}' },
    test: { file: 'test/mcp-lost.test.ts', sentence: 'a silent one over stdio is waited for once, not after every crash' },
  },
  {
    pitfall: 13,
    taken: 'one list at a time',
    change: {
      file: 'src/mcp/session.ts',
      from: 'const relist = onePerTime(async () => {',
      to: 'const relist = (work => work)(async () => {',
    },
    test: {
      file: 'test/mcp-web.test.ts',
      sentence: 'a burst of news and slow lists are one list at a time, and the last one counts',
    },
  },
  {
    pitfall: 13,
    taken: 'a stream of 2026 is opened again',
    change: {
      file: 'src/mcp/listen.ts',
      from: "if (client.getProtocolEra() === 'modern') await keepSubscribed(connection, hooks, ended)",
      to: "if (client.getProtocolEra() === 'modern') return",
    },
    test: {
      file: 'test/mcp-web.test.ts',
      sentence: 'a stream of 2026 that drops is opened again, however often, and what was missed is asked for',
    },
  },
  {
    pitfall: 13,
    taken: 'and so is one by GET',
    change: { file: 'src/mcp/listen.ts', from: 'await streams.open()', to: 'await Promise.resolve()' },
    test: { file: 'test/mcp-web.test.ts', sentence: 'a stream by GET that stays away longer than the SDK tries is opened again' },
  },
  {
    pitfall: 13,
    taken: 'what was missed meanwhile is asked for',
    change: { file: 'src/mcp/listen.ts', from: 'if (stream) lookAgain(hooks)', to: '' },
    test: {
      file: 'test/mcp-web.test.ts',
      sentence: 'a stream of 2026 that drops is opened again, however often, and what was missed is asked for',
    },
  },
  {
    pitfall: 13,
    taken: 'a list of an earlier connection does not count',
    change: { file: 'src/mcp/session.ts', from: 'return line.current() === at ? tools : undefined', to: 'return tools' },
    test: {
      file: 'test/mcp-lists.test.ts',
      sentence: '13. a list that comes late, of a connection that was lost meanwhile, does not count',
    },
  },
]
