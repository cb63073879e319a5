// What the API writes in journals: refusals, looks at personal data, sign-ins that failed (CGU-114, events.md section 2).
import type { Handle } from '../commands/handle.ts'
import {
  countFailedSignIns,
  recordConsultation,
  recordFailedSignIn,
  recordRefusal,
  recordSignIn,
  type CountFailedSignIns,
} from '../commands/journals.ts'
import type { Actor, Refusal } from '../domain/kernel.ts'
import type { SignInMeans } from '../domain/lists.ts'
import type { Services } from './services.ts'

export type Journal = Readonly<{
  refusal: (
    actor: Actor,
    refusal: Refusal,
    about: Readonly<{ command: string; stream?: string }>,
  ) => Promise<void>
  consultation: (
    actor: Actor,
    look: Readonly<{ screen: string; streams: readonly string[] }>,
  ) => Promise<void>
  signedIn: (actor: Actor, shown: SignIn) => Promise<void>
  /** By the program: whoever failed has no journal. @param cause a code */
  failedSignIn: (shown: Omit<SignIn, 'means'> & Readonly<{ means: string; cause: string }>) => Promise<void>
  /**
   * By the program too.
   * @returns what writes it down: tried again after a failure, it is not written twice, since what stands in the journal is read first
   */
  failedSignIns: (counted: FailedSignIns) => () => Promise<void>
}>

/** What somebody showed, and from where: both are sealed. */
export type SignIn = Readonly<{ means: SignInMeans; identifier: string; address: string }>

/** Failed sign-ins that were counted only. */
export type FailedSignIns = Omit<CountFailedSignIns['data'], 'journal'>

export const createJournal = (
  services: Pick<Services, 'handle' | 'now' | 'newId' | 'actors' | 'program'>,
): Journal => {
  const handle: Handle = services.handle
  const order = (actor: Actor) => ({ id: services.newId(), by: actor, at: services.now() })
  return {
    refusal: async (actor, { code, clause, detail }, { command, stream }) => {
      const data = {
        journal: actor.journal,
        command,
        code,
        clause,
        ...(stream === undefined ? {} : { stream }),
        ...(detail === '' ? {} : { detail }),
      }
      await handle(recordRefusal, { type: 'RecordRefusal', ...order(actor), data })
    },
    consultation: async (actor, { screen, streams }) => {
      const data = { journal: actor.journal, screens: [screen], streams: [...streams] }
      await handle(recordConsultation, { type: 'RecordConsultation', ...order(actor), data })
    },
    signedIn: async (actor, { means, identifier, address }) => {
      const data = { journal: actor.journal, means, identifier, address }
      await handle(recordSignIn, { type: 'RecordSignIn', ...order(actor), data })
    },
    failedSignIn: async ({ means, cause, identifier, address }) => {
      const actor = await services.actors(services.program, 'program')
      const data = { journal: actor.journal, means, cause, identifier, address }
      await handle(recordFailedSignIn, { type: 'RecordFailedSignIn', ...order(actor), data })
    },
    failedSignIns: (counted) => {
      const id = services.newId()
      let actor: Actor | undefined
      let again = false
      return async () => {
        // A quarter that begins in between begins another journal.
        actor ??= await services.actors(services.program, 'program')
        const decider = { ...countFailedSignIns, foldless: !again }
        again = true
        const data = { journal: actor.journal, ...counted }
        await handle(decider, { type: 'CountFailedSignIns', ...order(actor), id, data })
      }
    },
  }
}
