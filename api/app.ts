// The HTTP application: every route, no port. main.ts listens, tests inject.
import type { FastifyInstance } from 'fastify'
import { acceptanceRoutes } from './acceptances.ts'
import { createActions } from './actions.ts'
import { appointmentRoutes } from './appointments.ts'
import { authorityRoutes } from './authorities.ts'
import { createWho, installSignIn } from './auth.ts'
import { installBodyText } from './bodyText.ts'
import { cardCareRoutes } from './cardCare.ts'
import { cardRegisterRoutes } from './cardRegister.ts'
import { cardRoutes } from './cards.ts'
import { certificateSearchRoutes } from './certificateSearch.ts'
import { certificateRoutes } from './certificates.ts'
import { createCommands } from './command.ts'
import { componentRoutes } from './components.ts'
import { controlRoutes } from './controls.ts'
import { deliveryRoutes } from './deliveries.ts'
import { destructionRoutes } from './destructions.ts'
import { disclosureRoutes } from './disclosures.ts'
import { endOfLifeRoutes } from './endOfLife.ts'
import { disputeRoutes } from './disputes.ts'
import { documentRoutes } from './documents.ts'
import { entityRoutes } from './entities.ts'
import { holderRoutes } from './holders.ts'
import { holdRoutes } from './holds.ts'
import { createKeys } from './idempotency.ts'
import { createJournal } from './journal.ts'
import { countUndecided, selfRoutes } from './metrics.ts'
import { noticeRoutes } from './notices.ts'
import { ocspRoutes } from './ocsp.ts'
import { createOcspAnswers } from './ocspAnswers.ts'
import { documentationRoutes, installOpenApi } from './openapi.ts'
import { catalogueRoute, livenessRoute } from './probes.ts'
import { publicationRoutes } from './publication.ts'
import { createReaders, installPositions } from './readers.ts'
import { recoveryListRoutes } from './recoveryList.ts'
import { recoveryRoutes } from './recoveryRequests.ts'
import { requestChangeRoutes } from './requestChanges.ts'
import { requestListRoutes } from './requestList.ts'
import { renewalRoutes } from './renewals.ts'
import { requestRoutes } from './requests.ts'
import { retentionRoutes } from './retention.ts'
import { revocationRequestRoutes } from './revocationRequests.ts'
import { revocationRoutes } from './revocations.ts'
import type { Api } from './routes.ts'
import { openServer, type ServerOptions } from './server.ts'
import type { Services } from './services.ts'
import { selfServiceRoutes } from './selfService.ts'
import { sessionRoutes } from './sessions.ts'
import { entranceRoutes } from './signIn/entrance.ts'
import { defaultLimits, type Limits } from './signIn/limits.ts'
import { plainSignIn, type SignInSettings } from './signIn/settings.ts'
import { createSignIn } from './signIn/signIn.ts'
import { streamRoutes } from './streams.ts'
import { requireTls } from './tlsServer.ts'

export type AppOptions = ServerOptions & Readonly<{ limits?: Partial<Limits>; signIn?: SignInSettings }>

const resources = [
  entityRoutes,
  appointmentRoutes,
  requestListRoutes,
  requestRoutes,
  requestChangeRoutes,
  sessionRoutes,
  renewalRoutes,
  selfServiceRoutes,
  holderRoutes,
  cardRoutes,
  cardCareRoutes,
  cardRegisterRoutes,
  certificateSearchRoutes,
  certificateRoutes,
  acceptanceRoutes,
  revocationRoutes,
  revocationRequestRoutes,
  recoveryListRoutes,
  recoveryRoutes,
  deliveryRoutes,
  retentionRoutes,
  holdRoutes,
  destructionRoutes,
  disclosureRoutes,
  authorityRoutes,
  endOfLifeRoutes,
  componentRoutes,
  controlRoutes,
  disputeRoutes,
  documentRoutes,
  noticeRoutes,
  streamRoutes,
]

/**
 * Makes the application. It is ready when the promise resolves, and closes gracefully: requests under way are answered.
 */
export const createApp = async (services: Services, options: AppOptions = {}): Promise<FastifyInstance> => {
  const limits = { ...defaultLimits, ...options.limits }
  const app = await openServer(services.release, options)
  if (options.metrics !== undefined) countUndecided(app, options.metrics)
  await installOpenApi(app, services)
  livenessRoute(app)
  await app.register(async (scope) => {
    scope.addHook(
      'onRequest',
      scope.rateLimit({ max: limits.publication, timeWindow: 60_000, groupId: 'publication' }),
    )
    await documentationRoutes(scope)
    selfRoutes(scope, services, options)
    catalogueRoute(scope)
    publicationRoutes(scope, services)
    await ocspRoutes(
      scope,
      services,
      createOcspAnswers(services, (error) => {
        app.log.error({ err: error }, 'an OCSP answer could not be given')
      }),
      options.metrics?.ocsp,
    )
  })
  const journal = createJournal(services)
  const settings = options.signIn ?? plainSignIn
  const signIn = createSignIn(app, { services, journal, settings, limits })
  await app.register(async (scope) => {
    if (settings.tlsOnly) scope.addHook('onRequest', requireTls)
    entranceRoutes(scope, signIn)
  })
  await app.register(
    async (scope) => {
      if (settings.tlsOnly) scope.addHook('onRequest', requireTls)
      scope.removeContentTypeParser('text/plain')
      const who = createWho(services, journal, (error) => {
        app.log.error({ err: error }, 'a refusal was not written down')
      })
      scope.addHook('onRequest', scope.rateLimit({ max: limits.api, timeWindow: 60_000, groupId: 'api' }))
      installSignIn(scope, services, signIn)
      installBodyText(scope)
      installPositions(scope, services)
      scope.addHook('onSend', async (_, reply) => {
        if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
      })
      const commands = createCommands(services, who, createKeys(services))
      const readers = createReaders(who, journal)
      const actions = createActions(services, '/api/v1')
      const api: Api = {
        app: scope,
        services,
        commands,
        readers,
        journal,
        who,
        outcomes: signIn.outcomes,
        actions,
      }
      for (const routes of resources) routes(api)
    },
    { prefix: '/api/v1' },
  )
  await app.ready()
  return app
}
