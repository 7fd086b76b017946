import { type Log, reason } from '../../src/log.ts'
import { problem } from './problem.ts'
import type { Route } from './route.ts'

/** As Prometheus calls its text format. */
const mime = 'text/plain; version=0.0.4; charset=utf-8'

export function metricsRoutes(metrics: (() => Promise<string>) | undefined, log: Log): Route[] {
  if (!metrics) return []
  return [
    {
      method: 'GET',
      gives: 'text',
      path: '/metrics',
      about: 'the figures of all processes, for Prometheus',
      async handle(c) {
        const figures = await metrics().catch((error: unknown) => {
          log.debug({ reason: reason(error) }, 'web: there are no figures now')
          throw problem(503, 'there are no figures now: Redis cannot be reached')
        })
        return c.body(figures, 200, { 'Content-Type': mime })
      },
    },
  ]
}
