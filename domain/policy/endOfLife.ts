// CGU-80: « Dans l'hypothèse d'une cessation d'activité totale, l’AC … assurera la révocation des certificats et la publication
// des LCR conformément aux engagements pris dans la PC. »
// CGU-82: « Le transfert de ses obligations à d’autres parties ». CGU-84: « Informe tous les MC et/ou porteurs des certificats
// révoqués ou à révoquer, ainsi que leur entité de rattachement le cas échéant. »
// CGU-86, CGU-87: « Génère une dernière LCR … La valeur de l’extension nextUpdate de la dernière LCR alors émise est alors
// « 99991231235959Z » ». CGU-88: « Génère pour chaque certificat émis, une dernière réponse OCSP ».
// One order, and no step before the one ahead of it: declared, told, stopped for good, all revoked, last list, last answers,
// escrow handed over, obligations handed over, key destroyed, own certificate revoked (docs/adr/0019).
import type { Authority } from '../authority.ts'
import type { Crl } from '../crl.ts'
import { refuse, type Decision, type Instant } from '../kernel.ts'
import { obligations, type Profile } from '../lists.ts'
import type { Ocsp } from '../ocsp.ts'
import { dayOf, monthsBefore } from './dates.ts'

/** `99991231235959Z`: the last list and the last answers have no end. */
export const endOfTime = '9999-12-31T23:59:59Z'

/** CGU-81: everybody is told so many months ahead of the day on which the authority ceases. */
export const noticeTooShort = (ceasesOn: string, at: Instant, months: number): boolean =>
  monthsBefore(ceasesOn, months) < dayOf(at)

/** Whether the day has come that was declared. */
export const hasCeased = (issuer: Authority, at: Instant): boolean =>
  'ceasesOn' in issuer && issuer.ceasesOn <= dayOf(at)

/**
 * CGU-80: nothing new is certified once issuance has been stopped. A responder's certificate serves the status of those that
 * were issued (CGU-83), so it may be renewed until the day that was declared.
 */
export const issuanceStopped = (
  issuer: Authority,
  { profile, at }: Readonly<{ profile: Profile; at: Instant }>,
): Decision<never> | undefined => {
  if (issuer.status === 'unknown' || issuer.issuing) return undefined
  const serves = profile === 'ocspResponder' && !('issued' in issuer) && !hasCeased(issuer, at)
  return serves ? undefined : refuse('CGU-80', 'ISSUANCE_STOPPED', issuer.status)
}

/** What stands between an authority and the revocation of all that it has issued: its stop for good, and the notice period. */
export const notYetToRevoke = (issuer: Authority, at: Instant): Decision<never> | undefined => {
  if (issuer.status !== 'stoppedForGood') return refuse('CGU-85', 'OUT_OF_ORDER', issuer.status)
  return hasCeased(issuer, at) ? undefined : refuse('CGU-84', 'OUT_OF_ORDER', issuer.ceasesOn)
}

/** Certificates of the authority, as counted at a size of the ledger. */
export type Count = Readonly<{
  upTo: number
  /** Ever issued: valid, expired and revoked together. */
  issued: number
  /** Not revoked, and past their end. */
  expired: number
  revoked: number
  abandoned: number
  /** Planned, and neither issued nor abandoned yet. */
  planned: number
}>

/** CGU-85: « tous les certificats qu’elle a signés et qui seraient encore en cours de validité ». */
export const stillValid = ({ issued, expired, revoked, planned }: Count): Decision<never> | undefined => {
  const left = issued - expired - revoked
  return left === 0 && planned === 0
    ? undefined
    : refuse('CGU-85', 'CERTIFICATES_STILL_VALID', `${left} valid, ${planned} under way`)
}

export const lastCrlMissing = (list: Crl | undefined): Decision<never> | undefined =>
  list?.status === 'published' && list.last ? undefined : refuse('CGU-86', 'LAST_CRL_MISSING', 'crl')

export const finalAnswersMissing = (answers: Ocsp): Decision<never> | undefined =>
  answers.status === 'signed' ? undefined : refuse('CGU-88', 'FINAL_ANSWERS_INCOMPLETE', answers.status)

/** CGU-82: the escrow is handed over when its successor has shown that he opens it, not when it has left. */
export const escrowMissing = (issuer: Authority): Decision<never> | undefined => {
  const status = 'escrow' in issuer ? issuer.escrow.status : undefined
  return status === 'received' ? undefined : refuse('CGU-82', 'ESCROW_NOT_TRANSFERRED', status ?? 'none')
}

/** CGU-82, CGU-83: every obligation of the closed list is somebody's. */
export const obligationsMissing = (named: readonly string[]): Decision<never> | undefined => {
  const missing = obligations.filter((one) => !named.includes(one))
  return missing.length === 0 ? undefined : refuse('CGU-82', 'OBLIGATIONS_MISSING', missing.join(' '))
}
