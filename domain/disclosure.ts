// Exports and disclosures: what left the ledger, for whom, and until when (CGU-111, CGU-112). Stream `export-<id>`.
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { code, d, h, n, text } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { disclosureEnd, exportKind, role } from './lists.ts'

const ExportProduced = event('ExportProduced', {
  pub: { kind: exportKind, fromSize: n, toSize: n, manifestSha256: h, recipientRole: role },
})
const PersonalDataDisclosed = event('PersonalDataDisclosed', {
  pub: { fields: Type.Array(code), unitCount: n, returnBy: d, packageSha256: h },
  // Both persons whose act it was, as the key acts seal them.
  sealed: { reg: { recipient: text, ground: text, present: text } },
})
const DisclosureEnded = event('DisclosureEnded', { pub: { outcome: disclosureEnd } })

export const disclosureForms = [ExportProduced, PersonalDataDisclosed, DisclosureEnded] as const
export type DisclosureEvent = EventOf<(typeof disclosureForms)[number]>

export type Disclosure = Readonly<{ status: 'unknown' | 'produced' | 'held' | 'ended'; returnBy?: string }>

const evolve = (state: Disclosure, { type, data }: DisclosureEvent): Disclosure => {
  switch (type) {
    case 'ExportProduced':
      return { status: 'produced' }
    case 'PersonalDataDisclosed':
      return { status: 'held', returnBy: data.returnBy }
    case 'DisclosureEnded':
      return { ...state, status: 'ended' }
    default:
      return unreachable(type)
  }
}

export const disclosure: Aggregate<Disclosure, DisclosureEvent> = {
  name: 'export',
  initial: { status: 'unknown' },
  evolve,
  ...codec(disclosureForms),
  units: (id) => ({ reg: id }),
}
