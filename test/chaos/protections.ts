import type { Change } from '../mutant.ts'

/** One protection of the house, how to take it away, and who must notice. */
export interface Mutation {
  protection: string
  changes: Change[]
  /** The quickest files of which at least one test must fail. */
  tests: string[]
  /** Options of a chaos run that needs it; a usual one if absent. */
  chaos?: string[]
}

const fences: Change[] = [
  { file: 'src/queue/journal.ts', from: 'if holder ~= ARGV[1] then return false end', to: '' },
  { file: 'src/queue/inbox.ts', from: 'if holder ~= ARGV[4] then return false end', to: '' },
  { file: 'src/queue/lease.ts', from: 'losing.signal.throwIfAborted()', to: '' },
  { file: 'src/queue/lease.ts', from: 'if holder ~= ARGV[1] then return 0 end', to: '' },
]

export const mutations: Mutation[] = [
  {
    protection: 'journal: a step is kept before it is shown',
    changes: [
      {
        file: 'src/queue/journal.ts',
        from: `await run(keepScript, lease, turn, 'steps', how, keepSeconds, ...steps.map(step => JSON.stringify(step)))`,
        to: '',
      },
    ],
    tests: ['test/kill.test.ts'],
  },
  {
    protection: 'outbox: the final text is kept before it is delivered',
    changes: [
      {
        file: 'src/worker.ts',
        from: 'before ? true : journal.keepFinal(lease, id, final),',
        to: 'true,',
      },
    ],
    tests: ['test/outbox.test.ts'],
  },
  {
    protection: 'outbox: what was kept is delivered',
    changes: [{ file: 'src/worker.ts', from: 'record.final ??', to: '' }],
    tests: ['test/life.test.ts'],
  },
  ...fences.map(fence => ({
    protection: `fencing: ${fence.from}`,
    changes: [fence],
    tests: ['test/queue.test.ts', 'test/life.test.ts'],
  })),
  {
    protection: 'fencing: all of it',
    changes: fences,
    tests: ['test/life.test.ts'],
    chaos: ['--trouble=stop,slow', '--seconds=90', '--kill-every=3'],
  },
  {
    protection: 'sweep: mail that nobody rang for is rung for',
    changes: [
      {
        file: 'src/queue/jobs.ts',
        from: 'for (const conversation of await inbox.unfinished(olderThanMs)) await ring(conversation)',
        to: 'await inbox.unfinished(olderThanMs)',
      },
    ],
    tests: ['test/queue.test.ts'],
  },
  {
    protection: 'sweep: it is made again and again',
    changes: [{ file: 'src/shift.ts', from: 'repeat(() => sweep(tools), sweepEveryMs, log)', to: '' }],
    tests: ['test/sweep.test.ts'],
  },
  {
    protection: 'dedupe: what was heard is not added again',
    changes: [
      {
        file: 'src/queue/inbox.ts',
        from: `if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'EX', ARGV[1]) then return false end`,
        to: '',
      },
    ],
    tests: ['test/queue.test.ts'],
  },
  {
    protection: 'begin: what is begun waits as it was read',
    changes: [
      {
        file: 'src/queue/journal.ts',
        from: `if redis.sha1hex(table.concat(lines)) ~= ARGV[7] then return 0 end`,
        to: '',
      },
    ],
    tests: ['test/begin.test.ts'],
  },
  {
    protection: 'catch-up: what Discord told nobody is read',
    changes: [
      {
        file: 'adapters/discord/catch-up.ts',
        from: 'void marks.read(conversations.heard, stopping).then(places.list)',
        to: 'void marks.read(0, stopping).then(() => places?.list([]))',
      },
    ],
    tests: ['test/discord-catch-up.test.ts'],
  },
]
