// The probes of a process that answers nothing else.
import type { FastifyInstance } from 'fastify'
import { selfRoutes } from './metrics.ts'
import { livenessRoute, type Probed } from './probes.ts'
import { openServer, type ServerOptions } from './server.ts'

export const createProbesApp = async (
  release: string,
  probed: Probed,
  options: ServerOptions = {},
): Promise<FastifyInstance> => {
  const app = await openServer(release, options)
  livenessRoute(app)
  selfRoutes(app, probed, options)
  await app.ready()
  return app
}
