// Documents: one published text, with the version in force at a date (CGU-01, CGU-19).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { code, d, h, t } from './fields.ts'
import type { Aggregate } from './kernel.ts'
import { role } from './lists.ts'

const DocumentAdopted = event('DocumentAdopted', {
  pub: {
    version: code,
    oid: Type.Optional(code),
    sha256: h,
    effectiveFrom: t,
    validUntil: Type.Optional(d),
    approvedBy: role,
  },
})

export const documentForms = [DocumentAdopted] as const
export type DocumentEvent = EventOf<(typeof documentForms)[number]>

type Version = Readonly<{ version: string; sha256: string; effectiveFrom: string }>
export type Document = Readonly<{ versions: readonly Version[] }>

/** The version in force at an instant: the newest one whose date has come. */
export const inForce = (state: Document, at: string): Version | undefined =>
  state.versions.filter(({ effectiveFrom }) => effectiveFrom <= at).at(-1)

export const document: Aggregate<Document, DocumentEvent> = {
  name: 'document',
  initial: { versions: [] },
  evolve: (state, { data: { version, sha256, effectiveFrom } }) => ({
    versions: [...state.versions, { version, sha256, effectiveFrom }],
  }),
  ...codec(documentForms),
  units: () => ({}),
}
