// What the notices job asks, and the proof of it: who has been told what, who is to be told, which version binds whom.
import { applyAcceptance } from './cguAcceptance.ts'
import { applyNotices } from './noticeRows.ts'
import { applyParties } from './noticeParties.ts'
import type { Projection } from './projection.ts'

export const notices: Projection = {
  name: 'notices',
  version: 4,
  streams: ['notice-', 'request-', 'card-', 'certificate-', 'appointment-', 'entity-', 'recovery-'],
  tables: [
    ...(['notice', 'notice_recipient', 'notice_request', 'notice_party'] as const),
    ...(['notice_recovery', 'cgu_acceptance', 'cgu_stream'] as const),
  ],
  apply: async (tx, batch) => {
    await applyNotices(tx, batch)
    await applyParties(tx, batch)
    await applyAcceptance(tx, batch)
  },
}
