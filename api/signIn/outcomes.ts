// Every outcome of signing in is in the journal (CGU-114): a failure in the program's, a success in that of whoever signed in.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Account } from '../../commands/accounts.ts'
import type { HeldAccount } from '../../commands/posts.ts'
import type { Actor } from '../../domain/kernel.ts'
import type { Role, SignInMeans } from '../../domain/lists.ts'
import type { Journal } from '../journal.ts'
import { Problem } from '../problems.ts'
import type { Services } from '../services.ts'
import { createBeyondLimits } from './beyondLimits.ts'
import type { Fault, Found } from './doors.ts'
import { bucketOf, type Limits } from './limits.ts'
import type { Tickets } from './tickets.ts'

/** A way in without an act of signing in is written down once in so many seconds, for an account and what it shows. */
const window = 3600

/** A request that names nobody: the same for every reason. */
export const unauthenticated = (challenge = 'Bearer'): Problem =>
  new Problem('UNAUTHENTICATED', { headers: { 'www-authenticate': challenge } })

export type Outcomes = Readonly<{
  /** Writes a failure down, or counts it beyond the limits. @throws Problem TOO_MANY_REQUESTS beyond them */
  failed: (request: FastifyRequest, fault: Fault) => Promise<void>
  /** Writes a success down, before it has any effect. @throws what keeps it from being written */
  signedIn: (request: FastifyRequest, found: Found, held: HeldAccount) => Promise<void>
  /** As `signedIn`, once in a while, for what has no act of signing in. */
  seen: (request: FastifyRequest, found: Found, held: HeldAccount) => Promise<void>
}>

/** An account as an actor in one role. */
export const actorIn = (
  { actors }: Pick<Services, 'actors'>,
  { id, person, entities }: Account,
  { role, auth }: Readonly<{ role: Role; auth: SignInMeans }>,
): Promise<Actor> => actors({ id, kind: 'account', person, entities, auth }, role)

export const createOutcomes = (
  tools: Readonly<{
    app: FastifyInstance
    services: Pick<Services, 'actors' | 'now'>
    journal: Journal
    tickets: Tickets
    limits: Limits['signIn']
  }>,
): Outcomes => {
  const { app, services, journal, tickets, limits } = tools
  const byAddress = bucketOf(app, limits.perAddress)
  const inAll = bucketOf(app, limits.inAll, () => 'all')
  const beyond = createBeyondLimits(services, journal, (error) => {
    app.log.error({ err: error }, 'failed sign-ins beyond the limits were not written down; they will be')
  })
  app.addHook('onClose', beyond.close)
  const seenHere = new Map<string, number>()

  const signedIn: Outcomes['signedIn'] = async ({ ip }, { means, identifier }, held) => {
    // He is written down in a role: one that he holds, or that his file names.
    const role = held.roles[0] ?? held.named[0]
    if (role === undefined) return
    const actor = await actorIn(services, held, { role, auth: means })
    await journal.signedIn(actor, { means, identifier, address: ip })
  }
  return {
    signedIn,
    failed: async (request, { means, cause, identifier, ended }) => {
      if (ended === true) return
      try {
        await byAddress(request)
        await inAll(request)
      } catch (error) {
        beyond.add({ means, cause }, request.ip)
        throw error
      }
      // The refusal stands whether or not the journal can be written.
      await journal
        .failedSignIn({ means, cause, identifier, address: request.ip })
        .catch((error: unknown) => {
          request.log.error({ err: error }, 'a failed sign-in was not written down')
        })
    },
    seen: async (request, found, held) => {
      const { once } = found
      if (once === undefined || (seenHere.get(once) ?? 0) > performance.now()) return
      // One of all the processes writes it.
      if (await tickets.once(once, window)) {
        try {
          await signedIn(request, found, held)
        } catch (error) {
          await tickets.notYet(once)
          throw error
        }
      }
      if (seenHere.size >= 10_000) seenHere.clear()
      // Less than the window, so that this process does not sleep through a part of the next one.
      seenHere.set(once, performance.now() + 60_000)
    },
  }
}
