import { existsSync } from 'node:fs'

const place = new URL('./installed/', import.meta.url)

/** Whether `npm run bench:setup` brought what the bench compares with and the product does not have. */
export const areInstalled = existsSync(new URL('node_modules/chat', place))

/** One of those packages. Its types are the caller's to tell: where it is not installed, this program must compile all the same. */
export async function importInstalled<T>(name: string): Promise<T> {
  const { load } = await import(new URL('load.mjs', place).href)
  return (await load(name)) as T
}
