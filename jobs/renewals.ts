// P2 around its commands: which renewals rank before one, what the program still has to settle, who signs in how.
import { openAuthChallenges, type AuthChallenges } from '../commands/authChallenges.ts'
import type { Service } from '../commands/program.ts'
import { completeSelfService, settleRenewal, type Settled } from '../commands/renewals.ts'
import { signInForRenewal, type SignIn, type SignInTools } from '../commands/signInForRenewal.ts'
import type { InTurn } from '../domain/turns.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { putChallenge, takeChallenge } from '../readmodels/authChallenges.ts'
import type { Each } from './port.ts'
import { renewalsOf, unsettledRenewals } from '../readmodels/renewals.ts'

export type Renewals = Readonly<{
  /** CGU-58: what the holder signs to renew alone. */
  challenge: AuthChallenges['draw']
  signIn: SignIn
  /** Looks back on what ranks before, and validates what needs no officer. The read models have taken the request in. */
  settle: (requestId: string, previous: string) => Promise<Settled>
  /** Settles every renewal that a stop has left. */
  settleAll: (each: Each) => Promise<void>
  /** Ends a self-service session whose PIN is set and whose certificate is accepted. */
  complete: (requestId: string) => Promise<void>
}>

type Tools = Pick<SignInTools, 'trust' | 'verifier'> &
  Pick<OpenDatabase, 'db'> &
  Readonly<{ service: Service; inTurn: InTurn }>

export const openRenewals = ({ service, db, inTurn, ...known }: Tools): Renewals => {
  const challenges = openAuthChallenges({
    ...service,
    store: {
      put: (...stored) => putChallenge(db, ...stored),
      take: (...presented) => takeChallenge(db, ...presented),
    },
  })
  const signInTools = { ...known, challenges, policy: service.policy, now: service.now }
  const settle: Renewals['settle'] = async (requestId, previous) => {
    const all = (await renewalsOf(db, previous)).map(({ request }) => request)
    const earlier = all.slice(0, all.indexOf(requestId))
    return inTurn(requestId, () => settleRenewal(service, requestId, earlier))
  }
  return {
    challenge: challenges.draw,
    signIn: (about, presented) => signInForRenewal(signInTools, about, presented),
    settle,
    settleAll: async (each) => {
      const unsettled = new Map(
        (await unsettledRenewals(db)).map(({ request, previous }) => [request, previous] as const),
      )
      await each([...unsettled.keys()], async (id) => {
        await settle(id, unsettled.get(id) ?? '')
      })
    },
    complete: (requestId) => inTurn(requestId, () => completeSelfService(service, requestId)),
  }
}
