// Where somebody signs in: routes of their own, each counted before anything is looked at, and none of them for who brings a `Client-Cert`
// that nobody may believe.
import type { FastifyInstance } from 'fastify'
import { browserRoutes } from './browserRoutes.ts'
import { unauthenticated } from './outcomes.ts'
import type { SignInTools } from './signIn.ts'
import { readForms, tokenRoute } from './tokenEndpoint.ts'

/** The routes of `/auth` and `/oauth`. */
export const entranceRoutes = (app: FastifyInstance, tools: SignInTools): void => {
  app.addHook('onRequest', tools.entrance)
  app.addHook('onRequest', async (request) => {
    const shown = await tools.byHeader(request)
    if (shown === undefined || !('cause' in shown)) return
    await tools.outcomes.failed(request, shown)
    throw shown.problem ?? unauthenticated()
  })
  readForms(app)
  browserRoutes(app, tools)
  tokenRoute(app, tools)
}
