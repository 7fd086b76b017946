import { expect, test } from 'vitest'
import { either } from '../src/either.ts'

test('it aborts with the first of its sources, and for its reason', () => {
  const [one, other] = [new AbortController(), new AbortController()]
  const { signal } = either(one.signal, other.signal)
  expect(signal.aborted).toBe(false)
  other.abort(new Error('the other'))
  one.abort(new Error('too late'))
  expect(signal.reason).toMatchObject({ message: 'the other' })
})

test('one that is made of an aborted source is aborted', () => {
  expect(either(new AbortController().signal, AbortSignal.abort('before')).signal.reason).toBe('before')
})

test('let go, it hears no more, and nothing listens to its sources', () => {
  const source = new AbortController()
  const heard: string[] = []
  const { signal, letGo } = either(source.signal)
  signal.addEventListener('abort', () => heard.push('aborted'))
  letGo()
  source.abort()
  expect(heard).toEqual([])
})
