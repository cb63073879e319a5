// Keys of recovery officers, as their cards have them: they sign, and OpenSSL or anybody else verifies.
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { sha256 } from '../../commands/issuing.ts'

export type OfficerKey = Readonly<{
  /** SubjectPublicKeyInfo, DER in base64. */
  publicKey: string
  pem: string
  keySha256: string
  privateKey: KeyObject
  /** SHA-256, in base64. */
  sign: (text: string) => string
}>

const pairs = {
  p256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  rsa2048: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  rsa1024: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
} as const

export const officerKey = (kind: keyof typeof pairs = 'p256'): OfficerKey => {
  const { publicKey, privateKey } = pairs[kind]()
  const der = publicKey.export({ type: 'spki', format: 'der' })
  return {
    publicKey: der.toString('base64'),
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    keySha256: sha256(der),
    privateKey,
    sign: (text) =>
      sign(kind === 'ed25519' ? null : 'sha256', Buffer.from(text, 'utf8'), privateKey).toString('base64'),
  }
}
