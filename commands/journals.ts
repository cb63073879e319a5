// CGU-114: « les journaux d’évènements du CMS ROSSIGNOL sont conservés 7 ans après leur génération ». Refused commands are
// facts too; so is every look at personal data.
import { accept, type Command, type Decider } from '../domain/kernel.ts'
import { journal, type Journal, type JournalEvent } from '../domain/journal.ts'
import { roles } from '../domain/lists.ts'

type Data<T extends JournalEvent['type']> = Extract<JournalEvent, { type: T }>['data']
type In<T> = { journal: string } & T

export type OpenJournal = Command<'OpenJournal', In<Data<'JournalOpened'>>>
export type RecordRefusal = Command<'RecordRefusal', In<Data<'CommandRefused'>>>
export type RecordConsultation = Command<'RecordConsultation', In<Data<'PersonalDataConsulted'>>>
export type RecordSignIn = Command<'RecordSignIn', In<Data<'SignedIn'>>>
export type RecordFailedSignIn = Command<'RecordFailedSignIn', In<Data<'SignInFailed'>>>
export type CountFailedSignIns = Command<'CountFailedSignIns', In<Data<'SignInFailuresCounted'>>>

const onJournal = {
  who: roles,
  aggregate: journal,
  stream: ({ data }: { data: { journal: string } }) => data.journal,
}

export const openJournal: Decider<Journal, OpenJournal, JournalEvent> = {
  ...onJournal,
  type: 'OpenJournal',
  decide: ({ data: { journal: _, ...data } }, state) =>
    state.open ? accept() : accept({ type: 'JournalOpened', data }),
}

export const recordRefusal: Decider<Journal, RecordRefusal, JournalEvent> = {
  ...onJournal,
  foldless: true,
  type: 'RecordRefusal',
  decide: ({ data: { journal: _, ...data } }) => accept({ type: 'CommandRefused', data }),
}

export const recordConsultation: Decider<Journal, RecordConsultation, JournalEvent> = {
  ...onJournal,
  foldless: true,
  type: 'RecordConsultation',
  decide: ({ data: { journal: _, ...data } }) => accept({ type: 'PersonalDataConsulted', data }),
}

export const recordFailedSignIn: Decider<Journal, RecordFailedSignIn, JournalEvent> = {
  ...onJournal,
  foldless: true,
  type: 'RecordFailedSignIn',
  decide: ({ data: { journal: _, ...data } }) => accept({ type: 'SignInFailed', data }),
}

export const countFailedSignIns: Decider<Journal, CountFailedSignIns, JournalEvent> = {
  ...onJournal,
  foldless: true,
  type: 'CountFailedSignIns',
  decide: ({ data: { journal: _, ...data } }) => accept({ type: 'SignInFailuresCounted', data }),
}

export const recordSignIn: Decider<Journal, RecordSignIn, JournalEvent> = {
  ...onJournal,
  foldless: true,
  type: 'RecordSignIn',
  decide: ({ data: { journal: _, ...data } }) => accept({ type: 'SignedIn', data }),
}
