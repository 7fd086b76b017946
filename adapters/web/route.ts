import type { Context, Hono } from 'hono'
import type { z } from 'zod'
import { refuse } from './problem.ts'

export interface Route {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  /** One line for whoever asks `GET /` what there is. */
  about: string
  /** Of the body of a POST; the same by which it is read. */
  body?: z.ZodType
  /** Of the JSON that it gives when all is well, for `GET /openapi.json`. */
  answer?: z.ZodType | undefined
  /** What it gives when all is well; absent: JSON. `both`: as the body wishes. */
  gives?: 'events' | 'both' | 'page' | 'text' | 'file'
  handle(c: Context): Response | Promise<Response>
}

/** Puts the routes on the app; another method on a known path is 405 and says which are allowed. */
export function mount(app: Hono, routes: Route[]): void {
  for (const route of routes) app.on(route.method, route.path, c => route.handle(c))
  for (const path of new Set(routes.map(route => route.path))) {
    const allowed = routes.filter(route => route.path === path).map(route => route.method)
    app.all(path, c => {
      c.header('Allow', allowed.join(', '))
      return refuse(c, 405, `${c.req.method} is not allowed on ${path}: use ${allowed.join(' or ')}`)
    })
  }
}
