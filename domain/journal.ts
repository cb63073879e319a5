// Journals: what one account or component did in one quarter (CGU-114). No decision folds them: the state is only
// whether the journal is open. Who its owner is dies with its data key.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { clause, code, id, n, stream, t, text } from './fields.ts'
import type { Aggregate } from './kernel.ts'
import { journalKind, signInMeans } from './lists.ts'

const optional = Type.Optional

const JournalOpened = event('JournalOpened', {
  pub: { quarter: Type.String({ pattern: '^\\d{4}-Q[1-4]$' }), kind: journalKind },
  sealed: {
    jou: {
      appointment: optional(id),
      component: optional(id),
      account: optional(code),
      person: optional(id),
    },
  },
})
const CommandRefused = event('CommandRefused', {
  pub: { command: code, stream: optional(stream), code, clause },
  sealed: { jou: { detail: optional(text) } },
})
const PersonalDataConsulted = event('PersonalDataConsulted', {
  pub: { screens: Type.Array(code), streams: Type.Array(stream) },
  sealed: { jou: { reason: optional(text) } },
})
const SignedIn = event('SignedIn', {
  pub: { means: signInMeans },
  sealed: { jou: { identifier: text, address: text } },
})
const SignInFailed = event('SignInFailed', {
  pub: { means: code, cause: code },
  sealed: { jou: { identifier: text, address: text } },
})
/** Failed sign-ins of a while that were too many to be written down one by one, counted. */
const SignInFailuresCounted = event('SignInFailuresCounted', {
  pub: { from: t, to: t, failures: Type.Array(Type.Object({ means: code, cause: code, count: n })) },
  sealed: { jou: { addresses: Type.Array(Type.Object({ address: text, count: n })) } },
})

export const journalForms = [
  JournalOpened,
  CommandRefused,
  PersonalDataConsulted,
  SignedIn,
  SignInFailed,
  SignInFailuresCounted,
] as const
export type JournalEvent = EventOf<(typeof journalForms)[number]>

export type Journal = Readonly<{ open: boolean }>

export const journal: Aggregate<Journal, JournalEvent> = {
  name: 'journal',
  initial: { open: false },
  evolve: () => ({ open: true }),
  ...codec(journalForms),
  units: () => ({}),
}
