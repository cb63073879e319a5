// The probes of a process that answers nothing else.
import type { FastifyInstance } from 'fastify'
import { livenessRoute, readinessRoute, type Probed } from './probes.ts'
import { openServer, type ServerOptions } from './server.ts'

export const createProbesApp = async (
  release: string,
  probed: Probed,
  options: ServerOptions = {},
): Promise<FastifyInstance> => {
  const app = await openServer(release, options)
  livenessRoute(app)
  readinessRoute(app, probed)
  await app.ready()
  return app
}
