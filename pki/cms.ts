// CMS EnvelopedData (RFC 5652) for one recipient: AES-256-CBC under a fresh key, which RSAES-OAEP with SHA-256 (RFC 4055 4.1,
// RFC 8017) or ephemeral-static ECDH with AES key wrap (RFC 5753) gives to the holder of his certificate's key and to nobody
// else. It is how a recovered key is handed over to somebody who has a certificate.
import {
  constants,
  createCipheriv,
  createECDH,
  createHash,
  createPublicKey,
  publicEncrypt,
  type KeyObject,
} from 'node:crypto'
import { expect, read, sequenceOf } from './derReader.ts'
import {
  bits,
  concat,
  constructed,
  integer,
  nothing,
  octets,
  oid,
  primitive,
  sequence,
  setOf,
  type Der,
} from './der.ts'
import { fieldsOf } from './fields.ts'

export type Enveloped = Readonly<{
  content: Uint8Array
  /** DER; looked at before by `recipientFault`. */
  recipient: Uint8Array
  /** Fresh random octets: the content's key and vector. */
  random: (size: number) => Uint8Array
}>

const ids = {
  data: '1.2.840.113549.1.7.1',
  envelopedData: '1.2.840.113549.1.7.3',
  oaep: '1.2.840.113549.1.1.7',
  mgf1: '1.2.840.113549.1.1.8',
  sha256: '2.16.840.1.101.3.4.2.1',
  aes256Cbc: '2.16.840.1.101.3.4.1.42',
  aes256Wrap: '2.16.840.1.101.3.4.1.45',
  ecPublicKey: '1.2.840.10045.2.1',
}

/** Key agreement over a curve: `dhSinglePass-stdDH-…kdf-scheme` of RFC 5753 7.1.4, and the digest of its X9.63 KDF. */
const agreements: Readonly<Record<string, Readonly<{ scheme: string; hash: string }>>> = {
  prime256v1: { scheme: '1.3.132.1.11.1', hash: 'sha256' },
  secp384r1: { scheme: '1.3.132.1.11.2', hash: 'sha384' },
  secp521r1: { scheme: '1.3.132.1.11.3', hash: 'sha512' },
}

const issuerAndSerial = (certificate: Uint8Array): Der => {
  const { issuer, serial } = fieldsOf(certificate)
  return sequence(issuer.der, integer(BigInt(`0x${serial}`)))
}

/** RSAES-OAEP-params: SHA-256 twice, the empty label by default. */
const oaep = (): Der => {
  const sha256 = sequence(oid(ids.sha256), nothing)
  return sequence(
    oid(ids.oaep),
    sequence(constructed(0, sha256), constructed(1, sequence(oid(ids.mgf1), sha256))),
  )
}

/** KeyTransRecipientInfo, version 0. */
const transported = (key: KeyObject, certificate: Uint8Array, secret: Uint8Array): Der => {
  const padding = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
  return sequence(
    integer(0),
    issuerAndSerial(certificate),
    oaep(),
    octets(publicEncrypt(padding, Buffer.from(secret))),
  )
}

/** The recipient's point, uncompressed, as its SubjectPublicKeyInfo holds it. */
const pointOf = (certificate: Uint8Array): Uint8Array => {
  const [, key] = sequenceOf(read(fieldsOf(certificate).spki.der))
  return expect(key, 0x03).content.subarray(1)
}

/** X9.63 with one block, which is enough for 32 octets; ECC-CMS-SharedInfo of RFC 5753 7.2. */
const wrappingKey = (shared: Uint8Array, hash: string): Uint8Array => {
  const info = sequence(sequence(oid(ids.aes256Wrap)), constructed(2, octets(Uint8Array.of(0, 0, 1, 0))))
  const counter = Uint8Array.of(0, 0, 0, 1)
  return createHash(hash)
    .update(concat([shared, counter, info]))
    .digest()
    .subarray(0, 32)
}

/** AES key wrap (RFC 3394). */
const wrapped = (kek: Uint8Array, secret: Uint8Array): Uint8Array => {
  const cipher = createCipheriv('id-aes256-wrap', kek, Buffer.alloc(8, 0xa6))
  return concat([cipher.update(secret), cipher.final()])
}

/** KeyAgreeRecipientInfo, version 3: an ephemeral key of the recipient's curve. */
const agreed = (curve: string, certificate: Uint8Array, secret: Uint8Array): Der => {
  const { scheme, hash } = agreements[curve] ?? unsupported()
  const ephemeral = createECDH(curve)
  const own = ephemeral.generateKeys()
  const shared = ephemeral.computeSecret(pointOf(certificate))
  const originator = constructed(1, sequence(oid(ids.ecPublicKey)), bits(own))
  const encrypted = sequence(issuerAndSerial(certificate), octets(wrapped(wrappingKey(shared, hash), secret)))
  return constructed(
    1,
    integer(3),
    constructed(0, originator),
    sequence(oid(scheme), sequence(oid(ids.aes256Wrap))),
    sequence(encrypted),
  )
}

const unsupported = (): never => {
  throw new RangeError('not a key that anything can be enciphered to')
}

type RecipientInfo = Readonly<{ version: 0 | 2; info: Der }>

const recipientInfo = (certificate: Uint8Array, secret: Uint8Array): RecipientInfo => {
  const spki = Buffer.from(fieldsOf(certificate).spki.der)
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' })
  if (key.asymmetricKeyType === 'rsa') return { version: 0, info: transported(key, certificate, secret) }
  const curve = key.asymmetricKeyDetails?.namedCurve ?? ''
  return { version: 2, info: agreed(curve, certificate, secret) }
}

/** ContentInfo with EnvelopedData, DER. @throws RangeError for a key that is neither RSA nor of a curve of RFC 5753 */
export const envelop = ({ content, recipient, random }: Enveloped): Uint8Array => {
  const [secret, iv] = [random(32), random(16)]
  try {
    const cipher = createCipheriv('aes-256-cbc', secret, iv)
    const text = concat([cipher.update(content), cipher.final()])
    const { version, info } = recipientInfo(recipient, secret)
    const body = sequence(oid(ids.data), sequence(oid(ids.aes256Cbc), octets(iv)), primitive(0, text))
    return sequence(oid(ids.envelopedData), constructed(0, sequence(integer(version), setOf(info), body)))
  } finally {
    secret.fill(0)
  }
}
