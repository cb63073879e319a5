// The ways in, put together: what every door and every route of signing in shares.
import type { FastifyInstance } from 'fastify'
import type { SignIn } from '../auth.ts'
import type { Journal } from '../journal.ts'
import type { Services } from '../services.ts'
import { bearerDoor } from './bearer.ts'
import { certificateDoor, headerDoor } from './certificateDoor.ts'
import { crossSiteBy, type CrossSite } from './crossSite.ts'
import { throughDoors, type Door } from './doors.ts'
import { accountBuckets, bucketOf, type Count, type Limits } from './limits.ts'
import { createOutcomes } from './outcomes.ts'
import { addressesIn, peerReader } from './peerCertificate.ts'
import { sessionDoor } from './sessionDoor.ts'
import type { SignInSettings } from './settings.ts'
import { createTickets, type Tickets } from './tickets.ts'

export type SignInTools = SignIn &
  Readonly<{
    services: Services
    settings: SignInSettings
    tickets: Tickets
    crossSite: CrossSite
    byCertificate: Door
    /** Refuses a `Client-Cert` that nobody may believe. */
    byHeader: Door
    /** Whether browsers come over TLS. */
    secure: boolean
    /** Counts what signs in. */
    entrance: Count
  }>

export const createSignIn = (
  app: FastifyInstance,
  parts: Readonly<{ services: Services; journal: Journal; settings: SignInSettings; limits: Limits }>,
): SignInTools => {
  const { services, journal, settings, limits } = parts
  const { accounts, now } = services
  const { publicUrl, clientTrust: trust, clientCertProxies, session } = settings
  const tickets = createTickets(services)
  const crossSite = crossSiteBy(publicUrl)
  const secure = publicUrl?.startsWith('https:') === true
  const peerOf = peerReader(addressesIn(clientCertProxies))
  const shared = { accounts, tickets, crossSite, now }
  const byCertificate = certificateDoor({ ...shared, peerOf, trust })
  const byHeader = headerDoor(peerOf)
  // An `Authorization` header is an answer to who asks: nothing else is looked at.
  const spoken = throughDoors([byHeader, bearerDoor(shared)])
  const bySession = sessionDoor({ ...shared, limits: session, secure })
  const unspoken = throughDoors([byHeader, bySession, byCertificate])
  return {
    ...{ services, settings, tickets, crossSite, byCertificate, byHeader, secure },
    door: (request) => (request.headers.authorization === undefined ? unspoken : spoken)(request),
    outcomes: createOutcomes({ app, services, journal, tickets, limits: limits.signIn }),
    count: accountBuckets(app, limits),
    entrance: bucketOf(app, limits.entrance),
  }
}
