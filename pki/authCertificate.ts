// CGU-58: « en s’authentifiant avec l’ancien certificat émis par l’AC « AC AUTHENTIFICATION ET SIGNATURE MEF QUALIFIEE » et
// toujours en cours de validité ». Possession of its key, then whether it holds, now, by what is trusted. Anything that is
// not clear is a fault; whose certificate it is, the registration says (domain/policy/renewal.ts).
import { verify } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import { constraintsOf, pathFault, pathOf, type Step } from './certificatePath.ts'
import { describeCertificate, type CertificateContent } from './describe.ts'
import { fieldsOf } from './fields.ts'
import { statusBy } from './revocationStatus.ts'
import { publicKeyOf } from './signedBy.ts'
import type { Trust } from './trust.ts'

export type AuthCertificate = Readonly<
  { fault: string } | { content: CertificateContent; statusSha256: string }
>

/** The octets of a certificate in PEM, or in base64 alone; undefined for anything else. */
export const certificateFrom = (text: string): Uint8Array | undefined => {
  const pem = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/.exec(text)?.[1]
  const base64 = (pem ?? text).replace(/\s/g, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  return Buffer.from(base64, 'base64')
}

/**
 * Whether `signature` is one over `challenge` with the certificate's key: SHA-256 with RSA (PKCS #1 v1.5) or with ECDSA (DER).
 * False for what is no certificate.
 */
export const provesPossession = (
  certificate: Uint8Array,
  challenge: string,
  signature: Uint8Array,
): boolean => {
  try {
    const key = publicKeyOf(fieldsOf(certificate).spki.der)
    return verify('sha256', Buffer.from(challenge, 'utf8'), key, signature)
  } catch {
    return false
  }
}

const clientAuthentication = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0']

/** RFC 5280 4.2.1.3, 4.2.1.12: a person's certificate, to sign in with. */
const forSigningIn = ({ fields }: Step, content: CertificateContent): boolean =>
  !constraintsOf(fields).isCa &&
  content.keyUsage.includes('digitalSignature') &&
  (!fields.extensions.has('2.5.29.37') ||
    content.extendedKeyUsage.some((purpose) => clientAuthentication.includes(purpose)))

const outOfDate = ({ notBefore, notAfter }: CertificateContent, at: Instant): string | undefined => {
  if (at < notBefore) return 'notYetValid'
  return notAfter < at ? 'expired' : undefined
}

/** The digest of the list that clears the certificate, once every certificate of its path is cleared. @throws DerFault */
const cleared = (
  path: readonly Step[],
  trust: Trust,
  at: Instant,
): Readonly<{ fault: string } | { sha256: string }> => {
  let own = ''
  for (const [index, step] of path.slice(0, -1).entries()) {
    const issuer = path[index + 1]
    if (issuer === undefined) return { fault: 'pathUnknown' }
    const status = statusBy(step, issuer, trust.crls, at)
    if ('fault' in status) return status
    if (index === 0) own = status.sha256
  }
  return { sha256: own }
}

/** `issuerName`: the common name of the one authority that may have issued it; without it, any that leads to an anchor. */
type Against = Readonly<{ trust: Trust; issuerName?: string; at: Instant }>

const judged = async (certificate: Uint8Array, against: Against): Promise<AuthCertificate> => {
  const { trust, issuerName, at } = against
  const content = describeCertificate(certificate)
  if (issuerName !== undefined && content.issuer.commonName !== issuerName) return { fault: 'issuerWrong' }
  const dates = outOfDate(content, at)
  if (dates !== undefined) return { fault: dates }
  const path = await pathOf(certificate, trust.certificates, at)
  const [first] = path ?? []
  if (path === undefined || first === undefined) return { fault: 'pathUnknown' }
  const fault = pathFault(path)
  if (fault !== undefined) return { fault }
  if (!forSigningIn(first, content)) return { fault: 'usageWrong' }
  const status = cleared(path, trust, at)
  return 'fault' in status ? status : { content, statusSha256: status.sha256 }
}

/**
 * Judges a certificate that somebody signs in with, at an instant.
 * @returns what it says and the digest of the list that clears it; or the fault: a code, with nothing of its content
 */
export const judgeAuthCertificate = async (
  certificate: Uint8Array,
  against: Against,
): Promise<AuthCertificate> => {
  try {
    return await judged(certificate, against)
  } catch {
    // Octets that are no certificate, or a path or list that cannot be read.
    return { fault: 'unreadable' }
  }
}
