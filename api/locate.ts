// CGU-73: « Une information permettant de retrouver rapidement et sans erreur le certificat à révoquer (par défaut le n° de
// série) »: it leads to one certificate, or the request is not taken.
import { card, isAllotted } from '../domain/card.ts'
import type { Actor, Refusal } from '../domain/kernel.ts'
import { request as requestFile } from '../domain/request.ts'
import { findCertificates, type CertificateFilter } from '../readmodels/certificates.ts'
import type { StatusRow } from '../readmodels/schema.ts'
import { wanted } from './certificateSearch.ts'
import { caughtUp } from './readers.ts'
import { parseSerial } from './serial.ts'
import type { Services } from './services.ts'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const live: readonly StatusRow['status'][] = ['issued', 'accepted', 'refused']
/** More than anybody has: beyond it the request is ambiguous all the same. */
const most = 100
const unknown: Refusal = { code: 'CERTIFICATE_UNKNOWN', clause: 'CGU-73', detail: 'locator' }
const ambiguous: Refusal = { code: 'CERTIFICATE_AMBIGUOUS', clause: 'CGU-73', detail: 'locator' }

/** Names a request or a card by its id; an e-mail address, a matricule or words of a name by their index terms. */
const filterOf = async (
  { load, reads }: Services,
  locator: string,
): Promise<Omit<CertificateFilter, 'limit'> | undefined> => {
  const id = locator.trim().toLowerCase()
  if (uuid.test(id)) {
    const { state } = await load(card, id)
    // A card in stock is nobody's yet.
    return { request: isAllotted(state) ? state.request : id }
  }
  const filter = wanted(locator, reads.blind)
  return filter.terms?.length === 0 ? undefined : filter
}

/** Nobody learns from an answer whether somebody who is none of his business has a certificate. */
const mayKnow =
  ({ load }: Services, { role, person, entities }: Actor) =>
  async (row: StatusRow): Promise<boolean> => {
    if (role === 'holder') return row.person === person
    if (role === 'raOfficer' || role === 'caOfficer') return true
    const { state } = await load(requestFile, row.request ?? '')
    return state.status !== 'unknown' && entities.includes(state.identity?.entity ?? '')
  }

/** Those that a request can be about, and that the caller may know of: in force, or revoked before their end. */
const shown = async (
  services: Services,
  actor: Actor,
  rows: readonly StatusRow[],
): Promise<readonly StatusRow[]> => {
  const now = services.now()
  const known = mayKnow(services, actor)
  const found: StatusRow[] = []
  for (const row of rows)
    if ((live.includes(row.status) || row.status === 'revoked') && now <= row.not_after && (await known(row)))
      found.push(row)
  return found
}

/** The serial number that a locator leads to; of several certificates those count that can still be revoked. */
export const locate = async (
  services: Services,
  actor: Actor,
  locator: string,
): Promise<string | Refusal> => {
  const serial = parseSerial(locator)
  if (serial !== undefined) return serial
  const filter = await filterOf(services, locator)
  if (filter === undefined) return unknown
  await caughtUp(services)
  const found = await shown(services, actor, await findCertificates(services.db, { ...filter, limit: most }))
  const revocable = found.filter(({ status }) => status !== 'revoked')
  // Asked for again, a revocation changes nothing: what is revoked is found as long as nothing else is meant.
  const meant = revocable.length > 0 ? revocable : found
  if (meant.length > 1) return ambiguous
  return meant[0]?.serial ?? unknown
}
