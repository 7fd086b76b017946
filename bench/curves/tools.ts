// How many tools there are, on servers of fifty, one of which is called in each turn.
import { openComposition } from '../composition.ts'
import { manyServers } from '../many-servers.ts'
import type { Curve } from './curve.ts'

const perServer = 50

export const tools: Curve = {
  name: 'tools',
  axis: 'tools',
  sizes: [10, 100, 500, 2000],
  few: [10, 500],
  third: 'sentKb',
  async open(size) {
    const servers = Math.ceil(size / perServer)
    return { composition: await openComposition(`${size}`, manyServers(servers, Math.min(size - 1, perServer))) }
  },
}
