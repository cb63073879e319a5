// CGU-54: « Une notification est envoyée au porteur à l’approche de la date d’expiration du certificat de façon à préparer
// la délivrance d’un nouveau certificat. »
// CGU-55: « Le déclenchement de la fourniture d'un nouveau certificat au porteur se fait à l'initiative du porteur. »
// CGU-56: « Le processus de renouvellement ne concerne que la carte « agent » et non la carte « temporaire » ».
// CGU-57: « Lors du premier renouvellement, la vérification de l’identité du sujet est optionnelle. S’il n’y a aucune
// modification portant sur les identités identifiées, la liste des documents à fournir est allégée. »
// CGU-58: « Dans ce cadre, le porteur peut réaliser l’opération seul en s’authentifiant avec l’ancien certificat émis par
// l’AC « AC AUTHENTIFICATION ET SIGNATURE MEF QUALIFIEE » et toujours en cours de validité. »
// CGU-59: « Lors du renouvellement suivant, l'AE, saisie de la demande, identifie le sujet selon la même procédure que pour
// l'enregistrement initial. » Every full identification starts the count again (docs/adr/0017).
import type { Certificate } from '../certificate.ts'
import type { Identity } from '../identity.ts'
import { refuse, type Decision, type Instant } from '../kernel.ts'
import type { Request } from '../request.ts'
import { addDays } from './dates.ts'
import { namesOf, normaliseEmail, sameName } from './names.ts'

/** CGU-57: what was revoked, refused by its holder or has expired is followed by an initial request. */
export const notRenewable = (previous: Certificate, at: Instant): Decision<never> | undefined => {
  if (!('signature' in previous)) return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', 'previous')
  if (previous.status === 'revoked' || previous.status === 'refused' || previous.notAfter < at)
    return refuse('CGU-57', 'RENEWAL_AFTER_REVOCATION', previous.status)
  return previous.status === 'accepted' ? undefined : refuse('CGU-55', 'OUT_OF_ORDER', previous.status)
}

/** CGU-54: a renewal begins as the end comes near, `days` before it. */
export const notYetOpen = (notAfter: Instant, at: Instant, days: number): Decision<never> | undefined =>
  at < addDays(notAfter, -days) ? refuse('CGU-54', 'OUT_OF_ORDER', 'early') : undefined

/** CGU-57, CGU-59: a light renewal follows a full identification, and declares that nothing has changed. */
export const fullyIdentified = (previous: Certificate, unchanged: boolean): Decision<never> | undefined => {
  if (!('identification' in previous) || previous.identification !== 'full')
    return refuse('CGU-59', 'FULL_IDENTIFICATION_REQUIRED', 'previous')
  return unchanged ? undefined : refuse('CGU-57', 'FULL_IDENTIFICATION_REQUIRED', 'changed')
}

/** CGU-55: a renewal stands in the way of another one of the same certificate, unless it came to nothing. */
export const renews = (file: Request, previous: string): boolean =>
  file.status !== 'unknown' &&
  file.kind === 'renewal' &&
  file.previous === previous &&
  file.status !== 'rejected' &&
  file.status !== 'closed'

/** What an authentication certificate says of its subject. */
export type Shown = Readonly<{
  surname?: string
  givenName?: string
  commonName?: string
  serialNumber?: string
  email?: string
}>

const sameNames = (shown: Shown, known: Identity, mark: (name: string) => string): boolean => {
  const names = namesOf(known)
  if (shown.surname !== undefined && shown.givenName !== undefined) {
    const full = `${shown.givenName} ${shown.surname}`
    return names.some((name) => sameName(name, full))
  }
  return names.some((name) => sameName(mark(name), shown.commonName ?? ''))
}

/**
 * CGU-58: whether the certificate is the registered person's own. Namesakes exist, so the name alone never suffices: one
 * identifier has to be his too. A matricule or a person number decides, for or against; only without either does the
 * e-mail address.
 * @param mark what names begin with in the certificates of this environment
 */
export const samePersonAs = (
  shown: Shown,
  registered: Readonly<{ identity: Identity; person: string }>,
  mark: (name: string) => string,
): boolean => {
  const { identity, person } = registered
  if (!sameNames(shown, identity, mark)) return false
  const number = (shown.serialNumber ?? '').toLowerCase()
  if (/^\d{10}$/.test(number)) return number === identity.matricule
  if (/^[0-9a-f]{32}$/.test(number)) return number === person.replaceAll('-', '')
  return shown.email !== undefined && normaliseEmail(shown.email) === normaliseEmail(identity.email)
}
