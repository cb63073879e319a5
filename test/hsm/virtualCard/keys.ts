// Keys for cards: pairs of the run, certificates that OpenSSL made for them, wrapped as the escrow wraps them.
import { execFileSync } from 'node:child_process'
import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
  randomBytes,
  X509Certificate,
  type KeyObject,
} from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { wrapUnder } from '../../../hsm/keyWrap.ts'
import { makePair } from '../../../hsm/wrappedKey.ts'
import type { CardKey, WrappedForCard } from '../../../pki/custody.ts'
import { anyPair } from '../../support/holderKeys.ts'
import { virtualCard, type VirtualCard } from './card.ts'

export type HolderKey = Readonly<{ serial: string; pkcs8: Buffer; certificate: Buffer; publicKey: KeyObject }>

/** A card whose transport key is a pair of the run: making one takes most of a second. */
export const newCard = (): VirtualCard =>
  virtualCard({ generate: async () => (anyPair() ?? (await makePair())).privateKey })

export const smallPair = (bits = 2048): Buffer =>
  generateKeyPairSync('rsa', {
    modulusLength: bits,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  }).privateKey

/** @param days how long the certificate is valid; negative: it ran out that long ago */
export const holderKey = (directory: string, serial: string, pkcs8: Buffer, days = 30): HolderKey => {
  const path = join(directory, `${serial}.key`)
  writeFileSync(path, pkcs8, { mode: 0o600 })
  const shown = ['-subj', '/CN=Zoé Dété-Brûlé', '-utf8', '-set_serial', `0x${serial}`, '-days', String(days)]
  const certificate = execFileSync(
    'openssl',
    ['req', '-x509', '-key', path, '-keyform', 'DER', ...shown, '-outform', 'DER'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const publicKey = new X509Certificate(certificate).publicKey
  return { serial, pkcs8, certificate, publicKey }
}

/** As the escrow does it: AES-256 of one use under RSA-OAEP (SHA-1), PKCS#8 under it by RFC 5649. */
export const wrapFor = (transportKey: Uint8Array, pkcs8: Uint8Array): WrappedForCard => {
  const key = createPublicKey({ key: Buffer.from(transportKey), format: 'der', type: 'spki' })
  const aes = randomBytes(32)
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return { transport: publicEncrypt({ key, padding, oaepHash: 'sha1' }, aes), blob: wrapUnder(aes, pkcs8) }
}

export const wrapped = (transportKey: Uint8Array, keys: readonly HolderKey[]): readonly CardKey[] =>
  keys.map(({ serial, certificate, pkcs8 }) => ({
    serial,
    certificate,
    label: `Clé ${serial.slice(0, 6)}`,
    key: wrapFor(transportKey, pkcs8),
  }))
