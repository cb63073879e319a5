import type { Instant } from '../domain/kernel.ts'
import { fieldsOf, subjectKeyId } from './fields.ts'
import type { SignatureAlgorithm } from './signer.ts'

/** Who signs a certificate, a CRL or an OCSP response, as its own certificate says it. */
export type Issuer = Readonly<{
  /** The subject Name's octets: copied, never written anew (RFC 5280 4.1.2.4, 5.1.2.3). */
  name: Uint8Array
  /** Its subjectKeyIdentifier: the authorityKeyIdentifier of what it signs (RFC 5280 4.2.1.1). */
  keyId: Uint8Array
  /** SubjectPublicKeyInfo, DER. */
  spki: Uint8Array
  algorithm: SignatureAlgorithm
  notBefore: Instant
}>

/** An authority as its certificate says it, however it signs. @throws DerFault */
export const authorityOf = (certificate: Uint8Array): Omit<Issuer, 'algorithm'> => {
  const { subject, spki, notBefore } = fieldsOf(certificate)
  return { name: subject.der, keyId: subjectKeyId(certificate), spki: spki.der, notBefore }
}

/** The issuer whose certificate this is, signing with `algorithm`. @throws DerFault */
export const issuerOf = (certificate: Uint8Array, algorithm: SignatureAlgorithm): Issuer => ({
  ...authorityOf(certificate),
  algorithm,
})
