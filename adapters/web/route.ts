import type { Context, Hono } from 'hono'
import { refuse } from './problem.ts'

export interface Route {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  /** One line for whoever asks `GET /` what there is. */
  about: string
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
