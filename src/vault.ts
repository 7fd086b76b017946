import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Keeps the secrets of members so that who reads the store cannot read them: AES-256-GCM under a key of the operator's. */
export interface Vault {
  /** `context` says whose and what it is; the same is needed to open it, so that nobody can put one secret in another's place. */
  seal(secret: string, context: string): string
  /** Throws when it was sealed with another key or for another context, or was changed. */
  open(sealed: string, context: string): string
}

const cipher = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/** `key` is SECRET_KEY: at least 32 characters that nobody can guess. */
export function createVault(key: string): Vault {
  const derived = Buffer.from(hkdfSync('sha256', key, '', 'bellhop vault', 32))
  return {
    seal(secret, context) {
      const nonce = randomBytes(nonceBytes)
      const sealing = createCipheriv(cipher, derived, nonce).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([sealing.update(secret, 'utf8'), sealing.final()])
      return Buffer.concat([nonce, sealing.getAuthTag(), sealed]).toString('base64url')
    },
    open(sealed, context) {
      const bytes = Buffer.from(sealed, 'base64url')
      const [nonce, tag] = [bytes.subarray(0, nonceBytes), bytes.subarray(nonceBytes, nonceBytes + tagBytes)]
      if (tag.length < tagBytes) throw new Error('this is no sealed secret')
      const opening = createDecipheriv(cipher, derived, nonce).setAAD(Buffer.from(context)).setAuthTag(tag)
      return Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]).toString('utf8')
    },
  }
}
