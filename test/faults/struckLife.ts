// The life that is struck: from the request to the key that comes back, its durable steps, and what it sets off.
import { setTimeout as pause } from 'node:timers/promises'
import { expect } from 'vitest'
import { done, inUse, revocation } from '../support/life.ts'
import { approved } from '../support/recoveredLife.ts'
import type { Crashing } from './crashing.ts'
import { countsOf } from './whole.ts'

/** Each durable step of a life, in the order in which it is first come to. */
const steps = {
  issuance: [
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
    ...['flush signatures.json', 'append CertificateIssued', 'flush ….card', 'append CardWritten'],
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
    ...[
      'append RecoveryRequested',
      'append JournalOpened',
      'append RecoveryApproved',
      'append KeyRecoveryStarted',
    ],
    ...['flush deliveries.records', 'append KeyRecovered', 'append RecoveryDelivered'],
  ],
  projection: ['commit'],
} as const

export const all: readonly string[] = Object.values(steps).flat()
export const projected: readonly string[] = steps.projection

export const appends = all.filter((step) => step.startsWith('append'))
export const flushes = all.filter((step) => step.startsWith('flush'))

export const typesIn = async ({ node }: Crashing): Promise<readonly string[]> => {
  const types: string[] = []
  for await (const { type } of node.store().readAll()) types.push(type)
  return types
}

const until = async (holds: () => Promise<boolean>): Promise<void> => {
  for (let turn = 0; turn < 1200; turn += 1) {
    // The ledger may be away for a moment.
    if (await holds().catch(() => false)) return
    await pause(50)
  }
  throw new Error('what is due is not done')
}

/** The life, and what it sets off. */
export const live = async (crashing: Crashing): Promise<void> => {
  const { product } = crashing
  const before = countsOf(await typesIn(crashing))
  const life = await inUse(product)
  done(await life.holder.post(`/certificates/${life.serial}/revocation`, revocation))
  await until(async () => (countsOf(await typesIn(crashing))['CrlIssued'] ?? 0) > (before['CrlIssued'] ?? 0))
  const { id, officer } = await approved(product, life)
  done(await officer.post(`/recovery-requests/${id}/execution`))
  const handed = await life.holder.post(`/recovery-requests/${id}/delivery`, { receipt: 'remis' })
  expect(handed.statusCode).toBe(200)
  await until(async () => {
    const { NoticePlanned = 0, NoticeSent = 0 } = countsOf(await typesIn(crashing))
    return NoticePlanned === (before['NoticePlanned'] ?? 0) + 2 && NoticeSent === NoticePlanned
  })
}
