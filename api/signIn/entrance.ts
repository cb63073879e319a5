// Where somebody signs in: routes of their own, each counted before anything is looked at.
import type { FastifyInstance } from 'fastify'
import { browserRoutes } from './browserRoutes.ts'
import type { SignInTools } from './signIn.ts'
import { readForms, tokenRoute } from './tokenEndpoint.ts'

/** The routes of `/auth` and `/oauth`. */
export const entranceRoutes = (app: FastifyInstance, tools: SignInTools): void => {
  app.addHook('onRequest', tools.entrance)
  readForms(app)
  browserRoutes(app, tools)
  tokenRoute(app, tools)
}
