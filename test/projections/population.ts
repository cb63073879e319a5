// A population lived on the whole product, over HTTP: certificates that come to every end there is, and what stands around them.
import { authority } from '../../domain/authority.ts'
import type { Role } from '../../domain/lists.ts'
import { lives as authorities, revocation as revocationOfCa } from '../commands/endOfLifeFacts.ts'
import { uuid } from '../ledger/filled.ts'
import { client } from '../support/client.ts'
import type { Embedded } from '../support/embedded.ts'
import { on } from '../support/given.ts'
import {
  desk,
  done,
  employer,
  inUse,
  issued,
  mandated,
  requested,
  revocation,
  validated,
  type Issued,
} from '../support/life.ts'
import { recovered } from '../support/recoveredLife.ts'

/** What stands around a certificate: mandates, a dispute, a hold; its renewal, asked when its end is near; the authority's end. */
const around = async (product: Embedded, life: Issued): Promise<void> => {
  const as = (id: string, role: Role) => client(product.app, product.account(id, [role]).headers)
  const ca = as('ca-1', 'caOfficer')
  await mandated(product, life, { id: 'mc-1' })
  const { mandate: left } = await mandated(product, life, { id: 'mc-2' })
  done(await life.ra.post(`/appointments/${left}/end`, { cause: 'departure', effectiveOn: '2026-04-30' }))
  done(await life.ra.post(`/entities/${life.entity}/verification`, employer))
  const dispute = { holder: life.person, channel: 'phone', tool: 'assistance', ticket: 'TK-2026-0017' }
  done(await as('support-1', 'supportAgent').post('/disputes', dispute))
  done(await ca.post('/holds', { units: [`reg/${life.request}`], reference: 'réquisition' }))
  const near = Date.parse('2028-12-10T00:00:00Z') - Date.parse(product.services.now())
  await product.pass(near / 1000)
  const demand = { cguVersion: product.policy.cgu.version, directoryAgreed: true }
  done(await life.holder.post(`/certificates/${life.serial}/renewal`, demand))
  const [{ id: authority }] = (await ca.get('/authorities')).json<{ authorities: [{ id: string }] }>()
    .authorities
  const end = { kind: 'total', actingParty: 'ca', ceasesOn: '2029-12-31', deedSha256: 'd'.repeat(64) }
  done(await ca.post(`/authorities/${authority}/termination`, end))
  await product.notify()
}

/** An authority that its root is about to revoke (CGU-91). */
const doomed = async (product: Embedded): Promise<void> => {
  const { issuer: _, ...data } = revocationOfCa
  const last = { type: 'CaRevocationPlanned', data } as const
  await on(authority, 'e'.repeat(16), ...authorities.transferred, last)(product.services.handle, uuid(9700))
}

/** Lives that come to every end there is: some two hundred events, and rows in every table. */
export const livePopulation = async (product: Embedded): Promise<void> => {
  await requested(product)
  const kept = await inUse(product)
  await recovered(product, kept)
  await product.pass(61)

  const lost = await inUse(product)
  done(await lost.holder.post(`/certificates/${lost.serial}/revocation`, revocation))
  await product.publish()
  await product.pass(61)

  const refused = await issued(product)
  const shown = done(await refused.holder.post(`/certificates/${refused.serial}/presentation`))
  const { presentedSha256, presentedAt } = shown
  const refusal = { presentedSha256, presentedAt, cause: 'contentWrong' }
  done(await refused.holder.post(`/certificates/${refused.serial}/refusal`, refusal))
  await product.publish()

  await around(product, kept)

  const left = await validated(product)
  done(await left.ra.post(`/requests/${left.request}/sessions`, desk))
  const abandonment = { outcome: 'holderLeft' }
  done(await left.ra.post(`/requests/${left.request}/sessions/current/abandonment`, abandonment))
  await doomed(product)
  // The session of this one stays open.
  await issued(product)
  await product.publish()
  await product.notify()
}
