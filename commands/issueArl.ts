// CGU-91: « Révoque son certificat ». The root revokes the certificate of an authority that has ended, and lists it, in a ceremony of two
// officers before witnesses. Planned, signed, recorded: held again, it goes on where it stopped.
// The root certifies authorities alone, and its list is complete: it needs no issuingDistributionPoint to say so (RFC 5280 5.2.5), which
// is critical, and no extension of the profile (RGS A4 III).
import { authority } from '../domain/authority.ts'
import { crl } from '../domain/crl.ts'
import type { Second } from '../domain/policy/dualControl.ts'
import { assembleCrl, crlTbs, type RevokedEntry } from '../pki/crl.ts'
import { fieldsOf } from '../pki/fields.ts'
import type { SignatureAlgorithm } from '../pki/signer.ts'
import { planCaRevocation, recordCaRevocation } from './endOfLife.ts'
import { issueCrl, type StatusView } from './issueCrl.ts'
import { sha256, type IssuingCa } from './issuing.ts'
import { perform, ProcessRefused, type Service } from './program.ts'

type Asked = Readonly<{
  rootCa: IssuingCa
  /** The program, which issues lists; the officers order the revocation. */
  program: Service
  /** The ledger, or a read model that has taken all of it in. */
  view: StatusView
  validityHours: number
  /** The authority that is revoked. */
  issuer: string
  held: Readonly<{ script: string; present: string; second: Second }>
}>

export type Arl = Readonly<{
  number: number
  sha256: string
  der: Uint8Array
  entries: readonly RevokedEntry[]
}>

/** The list as it was signed. @throws Error where it does not come out so */
const assembled = async (
  service: Service,
  rootCa: IssuingCa,
  number: number,
  view: StatusView,
): Promise<Arl> => {
  const stream = `${rootCa.id}-${number}`
  const { state } = await service.ledger.load(crl, stream)
  if (!('sha256' in state)) throw new Error(`list ${number} of the root was not issued`)
  const entries = await view.entriesUpTo(state.upTo)
  const tbs = crlTbs({ ...state, issuer: rootCa.issuer, number, entries })
  for await (const { type, body } of service.ledger.stream(`crl-${stream}`)) {
    if (type !== 'CrlIssued') continue
    const { signature, signatureAlgorithm } = body.pub as Readonly<Record<string, string>>
    const algorithm = signatureAlgorithm as SignatureAlgorithm
    const der = assembleCrl(tbs, algorithm, Buffer.from(signature ?? '', 'base64'))
    if (sha256(der) === state.sha256) return { number, sha256: state.sha256, der, entries }
  }
  throw new Error(`list ${number} of the root does not come out as it was signed`)
}

/**
 * Revokes an authority by its root, and issues the list that says so.
 * @returns the list
 * @throws ProcessRefused CA_KEY_NOT_DESTROYED, OUT_OF_ORDER, SECOND_PERSON_REQUIRED: nothing was signed
 */
export const issueArl = async (service: Service, asked: Asked): Promise<Arl> => {
  const { rootCa, view, validityHours, issuer, held } = asked
  const { state } = await service.ledger.load(authority, issuer)
  if (!('der' in state)) throw new ProcessRefused('PlanCaRevocation', 'OUT_OF_ORDER', 'CGU-91', state.status)
  const { serial } = fieldsOf(Buffer.from(state.der, 'base64'))
  const { script, present, second } = held
  const circumstances = { correlationId: state.servicekey }
  const revokedAt = 'revocation' in state ? state.revocation.revokedAt : service.now()
  await perform(service, planCaRevocation, {
    key: `${issuer}|${rootCa.id}`,
    data: { issuer, root: rootCa.id, serial, revokedAt, scriptSha256: sha256(script), present, second },
    circumstances,
  })
  // A list that was planned before the revocation is finished first: it does not have it.
  for (;;) {
    const last = await view.lastNumber()
    const newest = last === 0 ? undefined : await assembled(service, rootCa, last, view)
    const isListed = newest?.entries.some((entry) => entry.serial === serial) === true
    if (newest !== undefined && isListed) {
      await perform(service, recordCaRevocation, {
        key: `${issuer}|${newest.number}`,
        data: { issuer, revokedAt, arlNumber: String(newest.number), arlSha256: newest.sha256 },
        circumstances,
      })
      return newest
    }
    await issueCrl(asked.program, rootCa, view, validityHours)
  }
}
