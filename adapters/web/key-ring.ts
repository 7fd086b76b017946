import { createHash, timingSafeEqual } from 'node:crypto'

/** As the settings have it: bare, or with the name of its holder. */
export type ApiKey = string | { name: string; key: string }

/** A key that was made while the bot runs; `hash` is its SHA-256, as hex. */
export interface MadeKey {
  name: string
  hash: string
  admin: boolean
}

/** Where such keys are made and revoked. */
export interface MadeKeys {
  /** Hears all that are valid, at first at once and then whenever they may be others, until the returned function is called. */
  listen(hear: (keys: MadeKey[]) => void): Promise<() => void>
  /** That a key of this name was used. Returns at once. */
  used(name: string): void
}

/** Who asks, as far as the door can tell: the holder of a key, or somebody at this machine. */
export interface Caller {
  /** `ada`, `key-` and 12 digits of a key that has no name, or `local`. */
  id: string
  /** By the key itself, or by ADMINS. */
  admin: boolean
  /** Of the key by which he was known: its hash. Absent: the door asks for none, and he holds none. */
  key?: string
}

export interface KeyRing {
  /** Whether anybody is answered without a key. */
  readonly isNeeded: boolean
  /** The holder of a known key. Looks nothing up elsewhere, and takes as long for each. */
  find(authorization: string | undefined): Caller | undefined
  /** The same; where no key is needed, whoever asks. */
  callerOf(authorization: string | undefined): Caller | undefined
  /** The holder of the key whose hash `isIt` knows. */
  holder(isIt: (key: string) => boolean): Caller | undefined
  /** From now on these are the keys that were made; what is held open by others is cut. */
  change(made: MadeKey[]): void
  /** Calls `cut` when the key of this caller is none any more, until the returned function is called. */
  hold(caller: Caller, cut: () => void): () => void
}

export interface KeyRingOptions {
  apiKeys: readonly ApiKey[]
  /** `platform:native id` of each. */
  admins?: readonly string[]
  used?(name: string): void
  /** Of two hashes of the same length. */
  isSame?(known: Buffer, given: Buffer): boolean
}

interface Known {
  hash: Buffer
  caller: Caller
  name?: string
}

/** Everybody on this machine, where no key is asked for. */
export const localCaller = 'local'

/** All keys that open this door. Two of one name are two keys of the same person. */
export function createKeyRing({ apiKeys, admins = [], used, isSame = timingSafeEqual }: KeyRingOptions): KeyRing {
  const held = new Map<string, Set<() => void>>()
  const know = (hash: Buffer, id: string, admin: boolean): Known => {
    const caller = { id, admin: admin || admins.includes(`web:${id}`), key: hash.toString('hex') }
    return { hash, caller }
  }
  const settled = apiKeys.map(one => {
    const hash = digest(typeof one === 'string' ? one : one.key)
    return know(hash, typeof one === 'string' ? idOf(hash) : one.name, false)
  })
  let made: Known[] = []

  /** Compares hashes and looks at every key, so that neither a key's length nor its place shows in the time that it takes. */
  function find(authorization: string | undefined): Caller | undefined {
    const given = digest(keyIn(authorization))
    const [found] = [...settled, ...made].filter(({ hash }) => isSame(hash, given))
    if (found?.name !== undefined) used?.(found.name)
    return found?.caller
  }
  return {
    isNeeded: apiKeys.length > 0,
    find,
    holder: isIt => [...settled, ...made].find(({ hash }) => isIt(hash.toString('hex')))?.caller,
    callerOf(authorization) {
      const known = find(authorization)
      if (known || apiKeys.length > 0) return known
      const key = keyIn(authorization)
      return { id: key === '' ? localCaller : idOf(digest(key)), admin: false }
    },
    change(keys) {
      made = keys.map(({ name, hash, admin }) => ({ ...know(Buffer.from(hash, 'hex'), name, admin), name }))
      const known = new Set([...settled, ...made].map(({ caller }) => caller.key))
      for (const [key, cuts] of held) if (!known.has(key)) for (const cut of [...cuts]) cut()
    },
    hold({ key }, cut) {
      if (key === undefined) return () => {}
      const cuts = held.get(key) ?? new Set()
      held.set(key, cuts.add(cut))
      return () => {
        cuts.delete(cut)
        if (cuts.size === 0 && held.get(key) === cuts) held.delete(key)
      }
    },
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest()
const idOf = (hash: Buffer) => `key-${hash.toString('hex').slice(0, 12)}`
const keyIn = (authorization = '') => /^Bearer +(\S+)\s*$/i.exec(authorization)?.[1] ?? ''
