// Service keys in software, for the embedded profile: enciphered files, and clear keys only in the memory of this process.
// A production environment does not accept them (RGS A2 XI.2).
import {
  createHmac,
  createPrivateKey,
  generateKeyPair,
  randomBytes as systemRandom,
  sign,
  type KeyObject,
} from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ServiceKeys } from '../pki/custody.ts'
import type { Signer } from '../pki/signer.ts'
import type { RandomBytes } from './box.ts'
import { KeyFault } from './keyFault.ts'
import { openKeyFiles, type KeyHeader } from './keyFiles.ts'
import { openUnder, wrapUnder } from './keyWrap.ts'
import { once } from './once.ts'
import { openSignatureCounts, signaturesFile } from './signatureCount.ts'
import { sendUnder } from './sentKeys.ts'
import { escrowKekOf } from './wrappedKey.ts'
import { uuidOf } from './uuid.ts'
import { pairOf, verifiedSigner, type PairAlgorithm } from './verifiedSigner.ts'
import type { EscrowKek, Kek, Mac, WrappingKeys } from './wrapping.ts'

const made = {
  rsa3072: { type: 'rsa', bits: 3072 },
  rsa4096: { type: 'rsa', bits: 4096 },
  ecP256: { type: 'ec', curve: 'P-256' },
  ecP384: { type: 'ec', curve: 'P-384' },
} as const satisfies Record<PairAlgorithm, object>

const generate = promisify(generateKeyPair)
const newPair = (algorithm: PairAlgorithm): Promise<{ publicKey: KeyObject; privateKey: KeyObject }> => {
  const make = made[algorithm]
  return make.type === 'rsa'
    ? generate('rsa', { modulusLength: make.bits, publicExponent: 65537 })
    : generate('ec', { namedCurve: make.curve })
}

const kekOf = (id: string, key: Buffer): Kek => ({
  id,
  wrap: async (clear) => wrapUnder(key, clear),
  unwrap: async (blob) => openUnder(key, blob),
})

export type SoftwareKeys = ServiceKeys &
  WrappingKeys &
  Readonly<{
    /** What the key is; undefined where there is none. Never the key itself. */
    find: (id: string) => KeyHeader | undefined
    close: () => Promise<void>
  }>

const promisedSign = promisify<string, Uint8Array, KeyObject, Buffer>(sign)

/**
 * Opens the service keys of a directory.
 * @param master 32 octets (passphrase.ts); copied, so the caller may overwrite it
 */
export const openSoftwareKeys = async ({
  directory,
  master,
  randomBytes = systemRandom,
}: Readonly<{ directory: string; master: Uint8Array; randomBytes?: RandomBytes }>): Promise<SoftwareKeys> => {
  const files = await openKeyFiles(directory, master, randomBytes)
  const counts = openSignatureCounts(join(directory, signaturesFile))
  const signers = new Map<string, Signer>()
  const secrets = new Map<string, Buffer>()
  const perName = once()

  const spkiOf = ({ id, spki }: KeyHeader): Buffer => {
    if (spki === undefined) throw new KeyFault(`the key ${id} has no public half`)
    return Buffer.from(spki, 'base64')
  }

  const generatePair = async (id: string, purpose: string, algorithm: string): Promise<KeyHeader> => {
    const present = files.byId(id)
    if (present !== undefined) {
      if (present.purpose === purpose && present.algorithm === algorithm) return present
      throw new KeyFault(`the key ${id} is there, for ${present.purpose} and ${present.algorithm}`)
    }
    const { publicKey, privateKey } = await newPair(pairOf(algorithm))
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
    const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64')
    try {
      await files.add({ id, purpose, algorithm, spki }, pkcs8)
    } finally {
      pkcs8.fill(0)
    }
    return { id, purpose, algorithm, spki }
  }

  const openSigner = (id: string): Signer => {
    const header = files.byId(id)
    if (header === undefined) throw new KeyFault(`there is no key ${id}`, { code: 'keyMissing' })
    const pkcs8 = files.reveal(id)
    const privateKey = createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' })
    pkcs8.fill(0)
    const thrownAway = async () => counts.thrownAway(id)
    const key = { id, algorithm: pairOf(header.algorithm), spki: spkiOf(header), thrownAway }
    return verifiedSigner(key, async (signed, digest) => {
      if (files.byId(id) === undefined) throw new KeyFault(`the key ${id} was destroyed`)
      return await counts.counting(id, () => promisedSign(digest, signed, privateKey))
    })
  }

  const secretOf = (id: string): Buffer => {
    const secret = secrets.get(id) ?? files.reveal(id)
    secrets.set(id, secret)
    return secret
  }

  const found = (label: string, purpose: string): string | undefined => {
    const present = files.byLabel(label)
    if (present !== undefined && present.purpose !== purpose)
      throw new KeyFault(`the key ${label} is there, for ${present.purpose}`)
    return present?.id
  }

  /** The symmetric key of a label, made on first use. */
  const symmetric = (label: string, purpose: string): Promise<string> =>
    perName(label, async () => {
      const present = found(label, purpose)
      if (present !== undefined) return present
      const id = uuidOf(randomBytes(16))
      const clear = Buffer.from(randomBytes(32))
      await files.add({ id, purpose, algorithm: 'aes256', label }, clear)
      secrets.set(id, clear)
      return id
    })

  const kekById = (id: string, purpose: 'dataKek' | 'escrowKek'): Kek => {
    if (files.byId(id)?.purpose !== purpose)
      throw new KeyFault(`there is no KEK ${id}`, { code: 'kekMissing' })
    return kekOf(id, secretOf(id))
  }
  const escrowKek = (id: string): EscrowKek =>
    escrowKekOf(kekById(id, 'escrowKek'), (other) => kekById(other, 'escrowKek'))
  const destroy: ServiceKeys['destroy'] = async (id) => {
    await files.remove(id)
    const sessionsClosed = signers.delete(id) ? 1 : 0
    secrets.get(id)?.fill(0)
    secrets.delete(id)
    return { failedUseCode: 'KEY_NOT_FOUND', sessionsClosed }
  }
  const macOf = (id: string, data: string): Buffer => createHmac('sha256', secretOf(id)).update(data).digest()

  return {
    signatures: async () => counts.counts(),
    close: counts.close,
    module: 'software',
    token: 'software',
    generate: async ({ id, purpose, algorithm }) => ({
      spki: spkiOf(await perName(id, () => generatePair(id, purpose, algorithm))),
      attributes: {},
    }),
    describe: async (id) => {
      const header = files.byId(id)
      if (header === undefined) throw new KeyFault(`there is no key ${id}`, { code: 'keyMissing' })
      return { spki: spkiOf(header), attributes: {} }
    },
    find: (id) => files.byId(id),
    signer: async (id) => {
      const signer = signers.get(id) ?? openSigner(id)
      signers.set(id, signer)
      return signer
    },
    kek: async (label) => kekById(await symmetric(label, 'dataKek'), 'dataKek'),
    kekById: async (id) => kekById(id, 'dataKek'),
    escrowKek: async (label) => escrowKek(await symmetric(label, 'escrowKek')),
    findEscrowKek: async (label) => {
      const id = found(label, 'escrowKek')
      return id === undefined ? undefined : escrowKek(id)
    },
    escrowKekById: async (id) => escrowKek(id),
    sendTo: (asked) => sendUnder(asked, (id) => kekById(id, 'escrowKek')),
    destroyEscrowKek: async (id) => {
      const purpose = files.byId(id)?.purpose
      if (purpose !== undefined && purpose !== 'escrowKek')
        throw new KeyFault(`the key ${id} is no KEK of the escrow`)
      return await destroy(id)
    },
    mac: async (label): Promise<Mac> => {
      const id = await symmetric(label, 'mac')
      return { id, compute: (data) => macOf(id, data) }
    },
    macKey: async (label) => {
      const id = await symmetric(label, 'mac')
      return { id, key: Buffer.from(secretOf(id)) }
    },
    recordMac: async (label) => {
      const id = await symmetric(label, 'mac')
      return { id, compute: async (data) => macOf(id, data) }
    },
    recordKey: async (label) => Buffer.from(secretOf(await symmetric(label, 'records'))),
    destroy,
  }
}
