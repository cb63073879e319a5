// The life that is struck: from the request to the key that comes back, its durable steps, and what it sets off.
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { done, inUse, revocation } from '../support/life.ts'
import { approved } from '../support/recoveredLife.ts'
import type { Struck } from './people.ts'
import { countsOf } from './whole.ts'

/** Each durable step of a life, in the order in which it is first come to. */
const steps = {
  issuance: [
    ...['append JournalOpened', 'append SignedIn'],
    ...[
      'append EntityVerified',
      'flush data-keys.records',
      'append CertificateRequested',
      'flush journals.records',
    ],
    ...['append CguAccepted', 'append IdentityVerified', 'append RequestValidated'],
    ...['append SessionOpened', 'append CardAllotted', 'insert into escrowed_key', 'update escrowed_key'],
    ...[
      'append PublicKeyBound',
      'append KeyEscrowed',
      'append SubjectNameBound',
      'append CertificatePlanned',
    ],
    ...['flush signatures.json', 'append CertificateIssued'],
    ...['flush ….card', 'flush ….key', 'append CardWritten'],
    ...[
      'append PersonalDataConsulted',
      'append CardPinDefined',
      'append CertificateAccepted',
      'append CardHandedOver',
    ],
  ],
  'revocation and publication': [
    ...['append CertificateRevoked', 'append NoticePlanned', 'append CrlPlanned', 'append CrlIssued'],
    ...['flush ….eml', 'append NoticeSent'],
  ],
  recovery: [
    ...['append RecoveryRequested'],
    ...['append AppointmentProposed', 'append AppointeeChecked', 'append AppointmentAccepted'],
    ...['append ApprovalKeyRegistered', 'append ApprovalKeyConfirmed'],
    ...['append RecoveryApproved', 'append KeyRecoveryStarted'],
    ...['flush deliveries.records', 'append KeyRecovered', 'append RecoveryDelivered'],
  ],
  projection: ['commit'],
} as const

/** What else is written by a start, and where a strike has cut something off: no part of a life that nothing strikes. */
const aftermath: readonly RegExp[] = [
  ...[/^flush passphrase$/, /^update place$/],
  // What a job could not do (jobs/letters.ts).
  /^flush \w+~.*\.json$/,
  // Of the vault, after a flush that was refused.
  /^flush [\w-]+\.records\.new$/,
  /^append KeyRecoveryFailed$/,
]

/** Durable steps that no line above has, of those that were come to. */
export const unlisted = (taken: readonly string[]): readonly string[] =>
  [...new Set(taken)].filter((step) => !all.includes(step) && !aftermath.some((one) => one.test(step)))

export const all: readonly string[] = Object.values(steps).flat()
export const projected: readonly string[] = steps.projection

export const appends = all.filter((step) => step.startsWith('append'))
export const flushes = all.filter((step) => step.startsWith('flush'))

export const typesIn = async ({ node }: Pick<Struck, 'node'>): Promise<readonly string[]> => {
  const types: string[] = []
  for await (const { type } of node.store().readAll()) types.push(type)
  return types
}

/** Asks until it holds. @throws Error after a minute */
export const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
  for (let turn = 0; turn < 1200; turn += 1) {
    // The ledger may be away for a moment.
    if (await holds().catch(() => false)) return
    await pause(50)
  }
  throw new Error(`in vain, one waits for this: ${what}`)
}

/** Whether a list was planned after the certificate was revoked, and issued. */
const isListed = async ({ node }: Pick<Struck, 'node'>, serial: string): Promise<boolean> => {
  let isRevoked = false
  const planned = new Set<string>()
  for await (const { stream, type } of node.store().readAll()) {
    isRevoked ||= type === 'CertificateRevoked' && stream === `certificate-${serial}`
    if (isRevoked && type === 'CrlPlanned') planned.add(stream)
    if (type === 'CrlIssued' && planned.has(stream)) return true
  }
  return false
}

/** Until the key has come back. */
const lifeOf = async (struck: Struck): Promise<void> => {
  const { product } = struck
  const life = await inUse(product)
  done(await life.holder.post(`/certificates/${life.serial}/revocation`, revocation))
  await until('a list of revoked certificates', () => isListed(struck, life.serial))
  const { id, officer } = await approved(product, life)
  done(await officer.post(`/recovery-requests/${id}/execution`))
  const handed = await life.holder.post(`/recovery-requests/${id}/delivery`, { receipt: 'remis' })
  expect(handed.statusCode).toBe(200)
}

/** Lives at the same time, and what they set off. */
export const liveTogether = async (struck: Struck, many: number): Promise<void> => {
  const before = countsOf(await typesIn(struck))
  await Promise.all(Array.from({ length: many }, () => lifeOf(struck)))
  await until('the notices', async () => {
    const { NoticePlanned = 0, NoticeSent = 0 } = countsOf(await typesIn(struck))
    return NoticePlanned === (before['NoticePlanned'] ?? 0) + 2 * many && NoticeSent === NoticePlanned
  })
}

/** The life, and what it sets off. */
export const live = (struck: Struck): Promise<void> => liveTogether(struck, 1)

/** What a life leaves, each exactly so often, whatever strikes it. */
const effects = {
  ...{ EntityVerified: 1, CertificateRequested: 1, CguAccepted: 1, IdentityVerified: 1, RequestValidated: 1 },
  ...{ SessionOpened: 1, CardAllotted: 1, PublicKeyBound: 1, KeyEscrowed: 1, SubjectNameBound: 1 },
  ...{
    CertificatePlanned: 1,
    CertificateIssued: 1,
    CardWritten: 1,
    CardPinDefined: 1,
    CertificateAccepted: 1,
  },
  ...{ CardHandedOver: 1, RevocationRequested: 1, CertificateRevoked: 1, NoticePlanned: 2, NoticeSent: 2 },
  ...{ RecoveryRequested: 1, RecoveryApproved: 2, KeyRecovered: 1, RecoveryDelivered: 1 },
}

/** @param types of what so many lives have left */
export const expectEffects = (types: readonly string[], many = 1): void => {
  const counts = countsOf(types)
  expect
    .soft(Object.fromEntries(Object.keys(effects).map((type) => [type, counts[type] ?? 0])))
    .toEqual(Object.fromEntries(Object.entries(effects).map(([type, each]) => [type, each * many])))
  // An execution that was cut off has failed, and says so: the next one starts anew.
  expect.soft(counts['KeyRecoveryStarted']).toBe(many + (counts['KeyRecoveryFailed'] ?? 0))
}
