// What a certificate says, in words: shown to its holder before he accepts it (CGU-36), and answered by the API.
import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import type { Instant } from '../domain/kernel.ts'
import { children, DerFault, each, expect, only, oidOf, read, sequenceOf, type Value } from './derReader.ts'
import { fieldsOf } from './fields.ts'

const attributes = {
  '2.5.4.6': 'country',
  '2.5.4.10': 'organization',
  '2.5.4.11': 'organizationalUnit',
  '2.5.4.97': 'organizationIdentifier',
  '2.5.4.4': 'surname',
  '2.5.4.42': 'givenName',
  '2.5.4.5': 'serialNumber',
  '2.5.4.3': 'commonName',
} as const
type Attribute = (typeof attributes)[keyof typeof attributes]

/** Values of a distinguished name, one an attribute. */
export type NameContent = Readonly<Partial<Record<Attribute, string>>>

export type CertificateContent = Readonly<{
  serial: string
  subject: NameContent
  issuer: NameContent
  notBefore: Instant
  notAfter: Instant
  /** Names of RFC 5280 4.2.1.3. */
  keyUsage: readonly string[]
  /** Object identifiers. */
  extendedKeyUsage: readonly string[]
  policies: readonly string[]
  email?: string
  publicKey: Readonly<{ algorithm: string; bits: number }>
  /** SHA-256 of the SubjectPublicKeyInfo, in hex: the name of the key in the ledger. */
  spkiSha256: string
  /** SHA-256 of the certificate, in hex. */
  fingerprint: string
}>

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** @throws DerFault when `certificate` is not one */
export const describeCertificate = (certificate: Uint8Array): CertificateContent => {
  const fields = fieldsOf(certificate)
  const value = (oid: string): Value | undefined => {
    const extension = fields.extensions.get(oid)
    return extension && read(extension.value)
  }
  const email = emailOf(value('2.5.29.17'))
  return {
    serial: fields.serial,
    subject: nameOf(fields.subject),
    issuer: nameOf(fields.issuer),
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    keyUsage: usagesOf(value('2.5.29.15')),
    extendedKeyUsage: elementsOf(value('2.5.29.37')).map(oidOf),
    policies: elementsOf(value('2.5.29.32')).map((policy) => oidOf(sequenceOf(policy)[0])),
    ...(email === undefined ? {} : { email }),
    publicKey: publicKeyOf(fields.spki.der),
    spkiSha256: sha256(fields.spki.der),
    fingerprint: sha256(certificate),
  }
}

const elementsOf = (value: Value | undefined): readonly Value[] => (value ? sequenceOf(value) : [])

const nameOf = (name: Value): NameContent => {
  const found: Partial<Record<Attribute, string>> = {}
  for (const rdn of each(name)) {
    const [type, value] = sequenceOf(only(expect(rdn, 0x31)))
    const attribute = (attributes as Partial<Record<string, Attribute>>)[oidOf(type)]
    if (attribute !== undefined) found[attribute] = Buffer.from(value?.content ?? []).toString('utf8')
  }
  return found
}

const usages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
]

const usagesOf = (value: Value | undefined): readonly string[] => {
  if (value === undefined) return []
  const octets = expect(value, 0x03).content.subarray(1)
  return usages.filter((_, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0)
}

const emailOf = (value: Value | undefined): string | undefined => {
  const name = value && children(value).find(({ tag }) => tag === 0x81)
  return name && Buffer.from(name.content).toString('latin1')
}

const curveBits: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 }

const readKey = (spki: Uint8Array): KeyObject => {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  } catch {
    throw new DerFault('the public key cannot be read')
  }
}

const publicKeyOf = (spki: Uint8Array): CertificateContent['publicKey'] => {
  const key = readKey(spki)
  const details = key.asymmetricKeyDetails
  return {
    algorithm: key.asymmetricKeyType ?? 'unknown',
    bits: details?.modulusLength ?? curveBits[details?.namedCurve ?? ''] ?? 0,
  }
}
