// What the API writes in journals: refusals, looks at personal data, sign-ins that failed (CGU-114, events.md section 2).
import type { Handle } from '../commands/handle.ts'
import { recordConsultation, recordFailedSignIn, recordRefusal } from '../commands/journals.ts'
import type { Actor, Refusal } from '../domain/kernel.ts'
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
  failedSignIn: (address: string) => Promise<void>
}>

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
    failedSignIn: async (address) => {
      const actor = await services.actors(services.program, 'program')
      const data = {
        journal: actor.journal,
        means: 'token',
        cause: 'unknown-token',
        identifier: 'unknown token',
        address,
      }
      await handle(recordFailedSignIn, { type: 'RecordFailedSignIn', ...order(actor), data })
    },
  }
}
