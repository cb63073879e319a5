// Signatures of other authorities: with more algorithms than ours, and none that is broken (RGS B1; ANSSI RègleHash-1).
import { createPublicKey, verify, type KeyObject } from 'node:crypto'
import { expect, oidOf, read, sequenceOf, type Value } from './derReader.ts'

const hashes: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
}

const curves = ['prime256v1', 'secp384r1', 'secp521r1']
const leastModulus = 2048

const hashNamed = (algorithm: Value | undefined): string | undefined =>
  hashes[oidOf(sequenceOf(algorithm)[0])]

/** Whether a certificate or a list is signed by an algorithm that may still be relied on. @throws DerFault */
export const signedStrongly = (der: Uint8Array): boolean => hashNamed(sequenceOf(read(der))[1]) !== undefined

/** @throws where it is no public key */
export const publicKeyOf = (spki: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })

/** RSA of 2048 bits or more, or one of the curves of RFC 5480 from P-256 on. */
export const strongKey = (key: KeyObject): boolean => {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  if (key.asymmetricKeyType === 'rsa') return modulusLength >= leastModulus
  return key.asymmetricKeyType === 'ec' && curves.includes(namedCurve)
}

/** Whether `der`, a certificate or a list, was signed with this key. False for what is neither. */
export const signedBy = (der: Uint8Array, spki: Uint8Array): boolean => {
  try {
    const [tbs, algorithm, signature] = sequenceOf(read(der))
    const hash = hashNamed(algorithm)
    if (hash === undefined) return false
    return verify(hash, expect(tbs, 0x30).der, publicKeyOf(spki), expect(signature, 0x03).content.subarray(1))
  } catch {
    return false
  }
}
