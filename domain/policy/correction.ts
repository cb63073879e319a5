// CGU-92: « Communiquer des informations exactes et à jour lors de la demande ou du renouvellement du certificat ».
// CGU-97: « Informer l’AC de toute modification concernant les informations contenues dans son certificat ». A certificate is never altered: what it says is changed by revoking it and
// making another.
import type { Identity } from '../identity.ts'
import { asksForVerification, type RequestFile } from '../request.ts'

export type Correction = Partial<Record<keyof Identity, string>>

/** Fields that stand in the certificate, or that it is made of (pki/name.ts). */
const certified: readonly string[] = ['surname', 'givenNames', 'nameInCertificate', 'email', 'entity']

/** Fields whose value is another one now. */
export const changedFields = (known: Identity, values: Correction): readonly (keyof Identity)[] =>
  (Object.keys(values) as (keyof Identity)[]).filter(
    (field) => values[field] !== undefined && values[field] !== known[field],
  )

/** Fields that tell people apart: they are corrected by the RA, which has seen the documents. */
export const identifies = (fields: readonly string[]): boolean =>
  fields.some((field) => field === 'matricule' || field === 'birth')

/** What follows from a correction: nothing; a new verification; or revocation and a new certificate. */
export const consequenceOf = (
  status: RequestFile['status'],
  fields: readonly string[],
): 'none' | 'verifyAgain' | 'revokeAndRequestAnew' => {
  if (status === 'fulfilled' && fields.some((field) => certified.includes(field)))
    return 'revokeAndRequestAnew'
  return status === 'open' && asksForVerification(fields) ? 'verifyAgain' : 'none'
}
