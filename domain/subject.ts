// Subject names: which human being a distinguished name was given to, for as long as the CA lives (CGU-04, ADR 14).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { codec, event, type EventOf } from './event.ts'
import { h, id } from './fields.ts'
import type { Aggregate } from './kernel.ts'

// The stream's name is the keyed digest of the name, so the first who takes it keeps it. Nothing is sealed: what is here
// outlives every registration file, and says nothing to whoever has not the key.
const SubjectNameBound = event('SubjectNameBound', { pub: { person: id, request: id, identityMac: h } })

export const subjectForms = [SubjectNameBound] as const
export type SubjectEvent = EventOf<(typeof subjectForms)[number]>

export type Subject =
  Readonly<{ status: 'unknown' }> | Readonly<{ status: 'bound'; person: string; identityMac: string }>

export const subject: Aggregate<Subject, SubjectEvent> = {
  name: 'subject',
  initial: { status: 'unknown' },
  evolve: (_, { data: { person, identityMac } }) => ({ status: 'bound', person, identityMac }),
  ...codec(subjectForms),
  units: () => ({}),
}
