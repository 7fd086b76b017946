import { beforeEach, describe, expect, test } from 'vitest'
import { CircuitOpen, createHealth, type Health } from '../src/mcp/health.ts'

let time = 0
let health: Health
beforeEach(() => {
  time = 1_000_000
  health = createHealth(() => time)
})

function calls(answered: number, failed: number): void {
  for (let n = 0; n < answered; n++) health.admit()('answered')
  for (let n = 0; n < failed; n++) health.admit()('failed', 'it hung up')
}
const state = () => health.view().state

describe('the state of a server', () => {
  test.each([
    [4, 0, 'active'],
    [0, 4, 'active'],
    [46, 4, 'active'],
    [45, 5, 'degraded'],
    [9, 1, 'degraded'],
    [5, 4, 'degraded'],
    [4, 1, 'degraded'],
  ])('of %i answered calls and %i failed ones is right', (answered, failed, expected) => {
    calls(answered, failed)
    expect(state()).toBe(expected)
  })

  test('is degraded at one half of failures, and an error beyond', () => {
    for (let n = 0; n < 5; n++) calls(1, 1)
    expect(state()).toBe('degraded')
    health.admit()('failed')
    expect(state()).toBe('error')
  })

  test('goes by the last fifty calls', () => {
    calls(46, 4)
    calls(0, 1)
    expect(state()).toBe('degraded')
    calls(45, 0)
    expect(state()).toBe('degraded')
    calls(1, 0)
    expect(state()).toBe('active')
  })

  test('goes by the last five minutes, and says when they are over', () => {
    calls(8, 2)
    const { nextAt = 0, reason } = health.view()
    expect(reason).toBe('2 of its last 10 calls failed (it hung up)')
    time = nextAt - 1
    expect(state()).toBe('degraded')
    time = nextAt
    expect(state()).toBe('active')
  })

  test('is not touched by calls of which nothing is learned', () => {
    for (let n = 0; n < 50; n++) health.admit()('ignored')
    calls(0, 4)
    expect(state()).toBe('active')
  })
})

describe('the circuit', () => {
  const refusal = () => {
    try {
      health.admit()('ignored')
    } catch (error) {
      return error
    }
    return undefined
  }

  test('opens when most calls fail, and says when it is tried again', () => {
    calls(0, 5)
    time += 5000
    expect(refusal()).toBeInstanceOf(CircuitOpen)
    expect(refusal()).toMatchObject({ message: '5 of its last 5 calls failed (it hung up); it is tried again in 10 s' })
    expect(health.view()).toMatchObject({ state: 'error', nextAt: time + 10_000 })
  })

  test('lets one call through when its time has come, and no other meanwhile', () => {
    calls(0, 5)
    time += 15_000
    expect(state()).toBe('degraded')
    const told = health.admit()
    expect(refusal()).toMatchObject({ message: expect.stringContaining('one call is finding out') })
    told('answered')
    expect(refusal()).toBeUndefined()
    expect(state()).toBe('active')
  })

  test('stays open twice as long each time that the call fails, up to a limit', () => {
    calls(0, 5)
    for (const seconds of [15, 30, 60, 120, 240, 300, 300]) {
      expect(health.view().nextAt).toBe(time + seconds * 1000)
      time += seconds * 1000
      health.admit()('failed')
    }
    time += 300_000
    health.admit()('answered')
    calls(0, 5)
    expect(health.view().nextAt).toBe(time + 15_000)
  })

  test('lets another through when the one that should find out was cancelled', () => {
    calls(0, 5)
    time += 15_000
    health.admit()('ignored')
    expect(refusal()).toBeUndefined()
    expect(state()).toBe('degraded')
  })

  test('is not closed by a call that was under way when it opened', () => {
    const early = health.admit()
    calls(0, 5)
    early('answered')
    expect(state()).toBe('error')
    time += 15_000
    health.admit()
    early('failed')
    expect(refusal()).toMatchObject({ message: expect.stringContaining('one call is finding out') })
  })

  test('opens after three connections in a row that failed, and closes with the next that does not', () => {
    health.connectFailed('refused')
    health.connectFailed('refused')
    health.connected()
    health.connectFailed('refused')
    health.connectFailed('refused')
    expect(refusal()).toBeUndefined()
    health.connectFailed('refused')
    expect(refusal()).toMatchObject({ message: 'refused; it is tried again in 15 s' })
    health.connected()
    expect(refusal()).toBeUndefined()
    expect(state()).toBe('active')
  })

  test('that calls have opened is tried at once when the server was started anew', () => {
    calls(0, 5)
    health.connected()
    expect(state()).toBe('degraded')
    health.admit()('answered')
    expect(state()).toBe('active')
  })
})
