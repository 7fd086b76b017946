import { expect, test } from 'vitest'
import { createVault } from '../src/vault.ts'

const vault = createVault('k'.repeat(32))

test('a secret comes out as it went in, and looks different each time', () => {
  const sealed = vault.seal('токен 🔑', 'user:1 token')
  expect(vault.open(sealed, 'user:1 token')).toBe('токен 🔑')
  expect(sealed).not.toContain('токен')
  expect(vault.seal('токен 🔑', 'user:1 token')).not.toBe(sealed)
})

test.each([
  ['in the place of another', (sealed: string) => vault.open(sealed, 'user:2 token')],
  ['with another key', (sealed: string) => createVault('x'.repeat(32)).open(sealed, 'user:1 token')],
  ['when it was changed', (sealed: string) => vault.open(`${sealed.slice(0, -4)}AAAA`, 'user:1 token')],
  ['when it is cut off', (sealed: string) => vault.open(sealed.slice(0, 12), 'user:1 token')],
])('a secret does not open %s', (_, open) => {
  const sealed = vault.seal('secret', 'user:1 token')
  expect(() => open(sealed)).toThrow()
})
