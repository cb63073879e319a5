// PKCS#12 (RFC 7292) with today's ciphers: PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA256 (RFC 8018), and a MAC with
// HMAC-SHA256, which OpenSSL 3 and GnuTLS read. It is how a recovered key is handed over.
import { createCipheriv, createHash, createHmac, pbkdf2 } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import {
  concat,
  constructed,
  integer,
  nothing,
  octets,
  oid,
  primitive,
  sequence,
  setOf,
  tlv,
  type Der,
} from './der.ts'

export type Pkcs12Content = Readonly<{
  /** PrivateKeyInfo, DER. */
  pkcs8: Uint8Array
  /** The key's own certificate first, then its chain. */
  certificates: readonly Uint8Array[]
  passphrase: string
  /** Shown by the program that imports the file. */
  friendlyName?: string
  /** Fresh random octets: the only source of the salts and vectors. */
  random: (size: number) => Uint8Array
  /** What a guess costs, as much through the encryption as through the MAC; 600,000 unless it is given. */
  iterations?: number
}>

const usualIterations = 600_000

const pkcs7 = { data: '1.2.840.113549.1.7.1', encryptedData: '1.2.840.113549.1.7.6' }
const bag = { shroudedKey: '1.2.840.113549.1.12.10.1.2', certificate: '1.2.840.113549.1.12.10.1.3' }
const pkcs9 = {
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  x509Certificate: '1.2.840.113549.1.9.22.1',
}
const hmacWithSha256 = '1.2.840.113549.2.9'

/** PFX, DER. @throws RangeError without a certificate or with an empty passphrase */
export const exportPkcs12 = async (content: Pkcs12Content): Promise<Uint8Array> => {
  const [own] = content.certificates
  if (own === undefined || content.passphrase === '') throw new RangeError('nothing to protect')
  const attributes = bagAttributes(own, content.friendlyName)
  const certificates = sequence(
    ...content.certificates.map((certificate, i) => certificateBag(certificate, i === 0 ? [attributes] : [])),
  )
  const [key, bags] = await Promise.all([encrypted(content, content.pkcs8), encrypted(content, certificates)])
  const keyBag = sequence(
    oid(bag.shroudedKey),
    constructed(0, sequence(key.algorithm, octets(key.text))),
    attributes,
  )
  const safe = sequence(
    contentInfo(
      pkcs7.encryptedData,
      sequence(integer(0), sequence(oid(pkcs7.data), bags.algorithm, primitive(0, bags.text))),
    ),
    contentInfo(pkcs7.data, octets(sequence(keyBag))),
  )
  return sequence(integer(3), contentInfo(pkcs7.data, octets(safe)), await macData(content, safe))
}

const contentInfo = (type: string, content: Der): Der => sequence(oid(type), constructed(0, content))

const attribute = (type: string, value: Der): Der => sequence(oid(type), setOf(value))

/** What ties the key to its certificate: SHA-1 of the certificate by custom, a label and no more. */
const bagAttributes = (certificate: Uint8Array, friendlyName: string | undefined): Der =>
  setOf(
    attribute(pkcs9.localKeyId, octets(createHash('sha1').update(certificate).digest())),
    ...(friendlyName === undefined ? [] : [attribute(pkcs9.friendlyName, tlv(0x1e, utf16(friendlyName)))]),
  )

const certificateBag = (certificate: Uint8Array, attributes: readonly Der[]): Der =>
  sequence(
    oid(bag.certificate),
    constructed(0, sequence(oid(pkcs9.x509Certificate), constructed(0, octets(certificate)))),
    ...attributes,
  )

type Encrypted = Readonly<{ algorithm: Der; text: Uint8Array }>

const encrypted = async (
  { passphrase, random, iterations = usualIterations }: Pkcs12Content,
  clear: Uint8Array,
): Promise<Encrypted> => {
  const [salt, iv] = [random(16), random(16)]
  const key = await promisify(pbkdf2)(passphrase.normalize('NFC'), salt, iterations, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  key.fill(0)
  const prf = sequence(oid(hmacWithSha256), nothing)
  const kdf = sequence(
    oid('1.2.840.113549.1.5.12'),
    sequence(octets(salt), integer(iterations), integer(32), prf),
  )
  const scheme = sequence(oid('2.16.840.1.101.3.4.1.42'), octets(iv))
  return {
    algorithm: sequence(oid('1.2.840.113549.1.5.13'), sequence(kdf, scheme)),
    text: concat([cipher.update(clear), cipher.final()]),
  }
}

const macData = async (
  { passphrase, random, iterations = usualIterations }: Pkcs12Content,
  safe: Uint8Array,
): Promise<Der> => {
  const salt = random(16)
  const mac = createHmac('sha256', await macKey(passphrase, salt, iterations))
    .update(safe)
    .digest()
  const sha256 = sequence(oid('2.16.840.1.101.3.4.2.1'), nothing)
  return sequence(sequence(sha256, octets(mac)), octets(salt), integer(iterations))
}

const utf16 = (text: string): Uint8Array => Buffer.from(text.normalize('NFC'), 'utf16le').swap16()

/** `value` again and again up to the next multiple of a SHA-256 block. */
const filled = (value: Uint8Array): Uint8Array => {
  const size = Math.ceil(value.length / 64) * 64
  return Uint8Array.from({ length: size }, (_, i) => value[i % value.length] ?? 0)
}

/** RFC 7292 B.2 with ID 3 and 32 octets of key: one SHA-256 block, so its last step is never reached. */
const macKey = async (passphrase: string, salt: Uint8Array, iterations: number): Promise<Uint8Array> => {
  const password = concat([utf16(passphrase), Uint8Array.of(0, 0)])
  let digest: Uint8Array = concat([new Uint8Array(64).fill(3), filled(salt), filled(password)])
  for (let i = 0; i < iterations; i += 1) {
    digest = createHash('sha256').update(digest).digest()
    // Nothing of Node runs this in another thread: others get their turn now and then.
    if (i % 10_000 === 0) await setImmediate()
  }
  return digest
}
