import { expect, test } from 'vitest'
import { endure } from './mcp-endurance.ts'

test('a server killed again and again under ten callers: every call ends, and nothing is left of it', async () => {
  const { calls, answered, failures, kills, late, left } = await endure(5, 800, 10)
  expect({ late, left }).toEqual({ late: 0, left: { living: 0, zombies: 0 } })
  expect(kills).toBeGreaterThan(3)
  expect(answered).toBeGreaterThan(calls / 4)
  const clear =
    /^(the server stopped before it answered \(it ended with signal SIGKILL\)|no sign of life|server "wild" could not (start|list its tools: it ended))/
  for (const why of Object.keys(failures)) expect(why).toMatch(clear)
}, 60_000)
