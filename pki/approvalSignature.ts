// CGU-46: the key by which an officer's approvals are verified, and his signature. Public keys only: the private one lies on his
// card, and never here.
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import { describeCertificate } from './describe.ts'
import { spkiOf } from './fields.ts'
import { certificateOf } from './recipient.ts'
import { publicKeyOf } from './signedBy.ts'

/** Why a key cannot serve to verify approvals. */
export type ApprovalKeyFault = 'unreadable' | 'algorithm' | 'weakKey'

const curves: readonly string[] = ['prime256v1', 'secp384r1']
const leastModulus = 2048

const algorithmFault = (key: KeyObject): ApprovalKeyFault | undefined => {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return modulusLength < leastModulus ? 'weakKey' : undefined
  return key.asymmetricKeyType === 'ec' && curves.includes(namedCurve) ? undefined : 'algorithm'
}

/** The one encoding of a key: whatever other octets mean the same key would have another digest, and pass for another key. */
const encoded = (key: KeyObject): Buffer =>
  createPublicKey({ key: key.export({ format: 'jwk' }), format: 'jwk' }).export({
    format: 'der',
    type: 'spki',
  })

/** The fault of a SubjectPublicKeyInfo, if any: RSA of 2048 bits at least, P-256 or P-384, in DER. */
export const approvalKeyFault = (spki: Uint8Array): ApprovalKeyFault | undefined => {
  try {
    const key = publicKeyOf(spki)
    const fault = algorithmFault(key)
    if (fault !== undefined) return fault
    return encoded(key).equals(spki) ? undefined : 'unreadable'
  } catch {
    return 'unreadable'
  }
}

/** Why a certificate does not name this key for signatures at an instant. */
export type ApprovalCertificateFault = 'unreadable' | 'otherKey' | 'notYetValid' | 'expired' | 'keyUsage'

/** The fault of the certificate that an officer shows his key by. Its chain is not verified: somebody else confirms the key. */
export const approvalCertificateFault = (
  der: Uint8Array,
  spki: Uint8Array,
  at: Instant,
): ApprovalCertificateFault | undefined => {
  try {
    const { notBefore, notAfter, keyUsage } = describeCertificate(der)
    if (Buffer.compare(spkiOf(der), spki) !== 0) return 'otherKey'
    if (at < notBefore) return 'notYetValid'
    if (notAfter < at) return 'expired'
    return keyUsage.includes('digitalSignature') || keyUsage.includes('nonRepudiation')
      ? undefined
      : 'keyUsage'
  } catch {
    return 'unreadable'
  }
}

/** A key as an officer gives it: PEM of a public key or of a certificate, or the DER of either in base64. Undefined for neither. */
export const approvalKeyFrom = (
  text: string,
): Readonly<{ publicKey: Uint8Array; certificate?: Uint8Array }> | undefined => {
  const certificate = certificateOf(text)
  if (certificate !== undefined) return { publicKey: spkiOf(certificate), certificate }
  const pem = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/.exec(text)?.[1]
  const base64 = (pem ?? text).replace(/\s/g, '')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? { publicKey: Buffer.from(base64, 'base64') } : undefined
}

/**
 * Whether `signature` is one over `text` by this key: SHA-256 with RSA (PKCS #1 v1.5) or with ECDSA (DER), as
 * `openssl dgst -sha256 -sign` makes it. False for what is no key or no signature.
 */
export const signedByKey = (text: string, signature: Uint8Array, spki: Uint8Array): boolean => {
  try {
    return verify('sha256', Buffer.from(text, 'utf8'), publicKeyOf(spki), signature)
  } catch {
    return false
  }
}
