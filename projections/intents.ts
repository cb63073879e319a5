// Intents without their outcome (events.md section 4): at start and on a timer the program goes on at the act behind each.
import { sql } from 'kysely'
import type { EventOf } from '../domain/event.ts'
import type { keyForms } from '../domain/key.ts'
import type { IntentRow } from '../readmodels/schema.ts'
import type { Applied, Projection } from './projection.ts'
import { insertRows, isAnyOf } from './rows.ts'

/** Which intents an event ends, on its own stream. */
const ends: Readonly<Record<string, string>> = {
  CardHandedOver: 'SessionOpened',
  SessionClosed: 'SessionOpened',
  KeyEscrowed: 'PublicKeyBound',
  CertificateIssued: 'CertificatePlanned',
  CertificateAbandoned: 'CertificatePlanned',
  KeyRecovered: 'KeyRecoveryStarted',
  KeyRecoveryFailed: 'KeyRecoveryStarted',
  CaCertificateInstalled: 'CaCertificatePlanned',
  CrlIssued: 'CrlPlanned',
  CrlPlanRejected: 'CrlPlanned',
  FinalOcspSigned: 'FinalOcspPlanned',
  ServiceKeyGenerated: 'ServiceKeyPlanned',
  ServiceKeyDestroyed: 'ServiceKeyDestructionPlanned',
  CardWritten: 'CardAllotted',
  CardWriteFailed: 'CardAllotted',
  CardReleased: 'CardAllotted',
  NoticeSent: 'NoticePlanned',
  // Before it is sent a notice is waived as a whole; afterwards there is no intent left to end.
  NoticeWaived: 'NoticePlanned',
  CardUnblocked: 'CardUnblockingStarted',
  CardUnblockFailed: 'CardUnblockingStarted',
}
const intents = new Set(Object.values(ends))

const isIntent = ({ event }: Applied): boolean => {
  if (!intents.has(event.type)) return false
  // A key of the service is kept where it was made: its binding waits for no escrow.
  const { type, data } = event as EventOf<(typeof keyForms)[number]>
  return type !== 'PublicKeyBound' || data.custody === 'escrow'
}

const rowOf = ({ event, at }: Applied): IntentRow => ({
  event_id: at.id,
  stream: at.stream,
  type: event.type,
  rank: at.rank,
  at: at.at,
})

export const openIntents: Projection = {
  name: 'intents',
  version: 3,
  streams: [
    'authority-',
    'request-',
    'card-',
    'key-',
    'certificate-',
    'crl-',
    'servicekey-',
    'notice-',
    'ocsp-',
  ],
  tables: ['intent'],
  apply: async (tx, batch) => {
    // A stream has one open intent of a type at most, so `stream type` names it.
    const opened = new Map<string, IntentRow>()
    const ended = new Set<string>()
    for (const applied of batch) {
      const { stream } = applied.at
      const intent = ends[applied.event.type]
      if (intent !== undefined && !opened.delete(`${stream} ${intent}`)) ended.add(`${stream} ${intent}`)
      if (isIntent(applied)) opened.set(`${stream} ${applied.event.type}`, rowOf(applied))
    }
    if (ended.size > 0) {
      const names = [...ended]
      await tx
        .deleteFrom('intent')
        .where(isAnyOf('stream', [...new Set(names.map((name) => name.slice(0, name.indexOf(' '))))]))
        .where(sql<boolean>`stream || ' ' || type = any(${names}::text[])`)
        .execute()
    }
    await insertRows(tx, 'intent', [...opened.values()])
  },
}
