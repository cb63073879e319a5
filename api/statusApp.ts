// What relying parties need and nothing else: lists, certificates, OCSP, at the addresses that the whole application has them at.
import type { FastifyInstance } from 'fastify'
import { selfRoutes } from './metrics.ts'
import { ocspRoutes } from './ocsp.ts'
import type { OcspResponder } from './ocspAnswers.ts'
import { livenessRoute, type Probed } from './probes.ts'
import { listPublications, servePublications, type Lists } from './publication.ts'
import { openServer, type ServerOptions } from './server.ts'

export type StatusServices = Readonly<{
  release: string
  lists: Lists
  responder: OcspResponder
  probed: Probed
}>

export type StatusOptions = ServerOptions &
  Readonly<{
    /** Requests a minute of an address. */
    limit?: number
  }>

/** Makes the application of the status process. It closes gracefully. */
export const createStatusApp = async (
  { release, lists, responder, probed }: StatusServices,
  options: StatusOptions = {},
): Promise<FastifyInstance> => {
  const app = await openServer(release, options)
  livenessRoute(app)
  await app.register(async (scope) => {
    scope.addHook('onRequest', scope.rateLimit({ max: options.limit ?? 60_000, timeWindow: 60_000 }))
    selfRoutes(scope, probed, options)
    servePublications(scope, listPublications(lists))
    await ocspRoutes(scope, lists, responder, options.metrics?.ocsp)
  })
  await app.ready()
  return app
}
