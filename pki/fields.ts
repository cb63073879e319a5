// What others need to read out of a certificate, bytes in, bytes out.
import { createHash, createPublicKey, verify } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import { hashOf } from './algorithms.ts'
import { expect, instantOf, integerHex, only, read, sequenceOf, type Value } from './derReader.ts'
import { readExtensions, type Extension } from './extensionReader.ts'
import { onceForOctets } from './memo.ts'

type Fields = Readonly<{
  serial: string
  algorithm: Value
  issuer: Value
  notBefore: Instant
  notAfter: Instant
  subject: Value
  spki: Value
  extensions: ReadonlyMap<string, Extension>
}>

/** The fields of a v3 Certificate. @throws DerFault */
export const fieldsOf = (certificate: Uint8Array): Fields => {
  const [tbs] = sequenceOf(read(certificate))
  const [, serial, algorithm, issuer, validity, subject, spki, ...rest] = sequenceOf(tbs)
  const [notBefore, notAfter] = sequenceOf(validity)
  const extensions = rest.find(({ tag }) => tag === 0xa3)
  return {
    serial: integerHex(serial),
    algorithm: expect(algorithm, 0x30),
    issuer: expect(issuer, 0x30),
    notBefore: instantOf(notBefore),
    notAfter: instantOf(notAfter),
    subject: expect(subject, 0x30),
    spki: expect(spki, 0x30),
    extensions: extensions === undefined ? new Map() : readExtensions(only(extensions)),
  }
}

/** SubjectPublicKeyInfo, DER. @throws DerFault */
export const spkiOf = (certificate: Uint8Array): Uint8Array => fieldsOf(certificate).spki.der

/** @throws DerFault */
export const notBeforeOf = (certificate: Uint8Array): Instant => fieldsOf(certificate).notBefore

/** subjectKeyIdentifier, without its OCTET STRING. @throws DerFault when there is none */
export const subjectKeyId = (certificate: Uint8Array): Uint8Array =>
  expect(read(fieldsOf(certificate).extensions.get('2.5.29.14')?.value ?? new Uint8Array()), 0x04).content

/**
 * SHA-1 of the key's BIT STRING: RFC 5280 4.2.1.2 method 1, and the KeyHash of RFC 6960 4.2.1. It names a key and
 * protects nothing; the same value serves both because GnuTLS finds a responder by its subjectKeyIdentifier.
 */
export const keyIdentifier = (spki: Uint8Array): Uint8Array => keyHash(spki, 'sha1')

/** Digest of the public key's BIT STRING without its unused-bits octet (RFC 6960 4.1.1). @throws DerFault */
export const keyHash = (spki: Uint8Array, algorithm: 'sha1' | 'sha256'): Uint8Array => {
  const [, key] = sequenceOf(read(spki))
  return createHash(algorithm).update(expect(key, 0x03).content.subarray(1)).digest()
}

/** To load an authority's key costs more than to verify with it. */
const keyOfIssuer = onceForOctets((spki) =>
  createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
)

/** Whether the signature of a certificate or of a list verifies under `issuerSpki`. False for what is neither. */
export const verifySignedBy = (der: Uint8Array, issuerSpki: Uint8Array): boolean => {
  try {
    const [tbs, algorithm, signature] = sequenceOf(read(der))
    const hash = hashOf(expect(algorithm, 0x30).der)
    const key = keyOfIssuer(issuerSpki)
    return verify(hash, expect(tbs, 0x30).der, key, expect(signature, 0x03).content.subarray(1))
  } catch {
    return false
  }
}

/** PEM of RFC 7468: `label` as `CERTIFICATE` or `X509 CRL`. */
export const toPem = (der: Uint8Array, label = 'CERTIFICATE'): string => {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}
