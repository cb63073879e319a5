// The certificate that a recovered key is enciphered to: whether it can be used for that at all, at an instant.
import { createPublicKey } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import { describeCertificate, type CertificateContent } from './describe.ts'
import { spkiOf } from './fields.ts'

/** Why no key can be handed over to this certificate. */
export type RecipientFault = 'unreadable' | 'notYetValid' | 'expired' | 'keyUsage' | 'weakKey' | 'algorithm'

/** Curves of RFC 5753, by the names that Node gives them. */
const curves: readonly string[] = ['prime256v1', 'secp384r1', 'secp521r1']
const leastModulus = 2048

const contentOf = (der: Uint8Array): CertificateContent | undefined => {
  try {
    return describeCertificate(der)
  } catch {
    return undefined
  }
}

const keyFault = (der: Uint8Array, usages: readonly string[]): RecipientFault | undefined => {
  const key = createPublicKey({ key: Buffer.from(spkiOf(der)), format: 'der', type: 'spki' })
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') {
    if (!usages.includes('keyEncipherment')) return 'keyUsage'
    return modulusLength < leastModulus ? 'weakKey' : undefined
  }
  if (key.asymmetricKeyType !== 'ec' || !curves.includes(namedCurve)) return 'algorithm'
  return usages.includes('keyAgreement') ? undefined : 'keyUsage'
}

/** The fault of a certificate as a recipient's, if any: dates, key usage (RFC 5280 4.2.1.3), algorithm and size of its key. */
export const recipientFault = (der: Uint8Array, at: Instant): RecipientFault | undefined => {
  const content = contentOf(der)
  if (content === undefined) return 'unreadable'
  if (at < content.notBefore) return 'notYetValid'
  if (content.notAfter < at) return 'expired'
  return keyFault(der, content.keyUsage)
}

const leastModulusOfSuccessor = 3072

/** The same of who takes the escrow over, whose key has to be RSA of 3072 bits at least: it protects what is used for ten years more. */
export const successorFault = (der: Uint8Array, at: Instant): RecipientFault | undefined => {
  const fault = recipientFault(der, at)
  if (fault !== undefined) return fault
  const key = createPublicKey({ key: Buffer.from(spkiOf(der)), format: 'der', type: 'spki' })
  if (key.asymmetricKeyType !== 'rsa') return 'algorithm'
  return (key.asymmetricKeyDetails?.modulusLength ?? 0) < leastModulusOfSuccessor ? 'weakKey' : undefined
}

/** The DER of a certificate given as PEM, or as DER in base64; undefined when it is neither. */
export const certificateOf = (text: string): Uint8Array | undefined => {
  const pem = /^\s*-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/.exec(
    text,
  )?.[1]
  const base64 = (pem ?? text).replace(/\s/g, '')
  if (base64 === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return undefined
  const der = Buffer.from(base64, 'base64')
  return contentOf(der) === undefined ? undefined : der
}
