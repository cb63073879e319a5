// The wrapping keys of the escrow's token, asked for through its signer process (hsm/pkcs11/client.ts).
import { createHmac, randomBytes } from 'node:crypto'
import type { KekDescription } from '../pki/custody.ts'
import { sha256 } from './digest.ts'
import { KeyFault } from './keyFault.ts'
import { openUnder, withoutPadding, wrapUnder } from './keyWrap.ts'
import { openKept } from './once.ts'
import type { SignerClient } from './pkcs11/client.ts'
import type { SecretInfo, SecretUse, TokenInfo } from './pkcs11/protocol.ts'
import { successorKeyOf, transportKeyOf } from './transportKey.ts'
import type { EscrowKek, Kek, WrappingKeys } from './wrapping.ts'

const escrowKekOf = (escrow: SignerClient, described: KekDescription, kek = described.id): EscrowKek => ({
  ...described,
  makePair: async () => {
    const { spki, blob } = await escrow.ask('makePair', { kek })
    return { spki: Buffer.from(spki), blob: Buffer.from(blob) }
  },
  adopt: async ({ publicKey, privateKey }) => {
    const transport = randomBytes(32)
    try {
      const blob = wrapUnder(transport, privateKey)
      const asked = { kek, blob, spkiSha256: sha256(publicKey), transport }
      return Buffer.from(await escrow.ask('adopt', asked))
    } finally {
      transport.fill(0)
    }
  },
  prove: async (blob, spkiSha256) => {
    await escrow.ask('prove', { kek, blob, spkiSha256 })
  },
  // The transport key of one act: what comes out of the module is for this process, and for nobody who reads the pipe.
  release: async (blob, spkiSha256) => {
    const transport = randomBytes(32)
    try {
      const wrapped = await escrow.ask('release', { kek, blob, spkiSha256, transport })
      return withoutPadding(openUnder(transport, wrapped))
    } finally {
      transport.fill(0)
    }
  },
  releaseTo: async (blob, spkiSha256, transportKey) => {
    transportKeyOf(transportKey)
    return await escrow.ask('releaseTo', { kek, blob, spkiSha256, transportKey })
  },
  rewrap: async (blob, spkiSha256, to) =>
    Buffer.from(await escrow.ask('rewrap', { kek, blob, spkiSha256, to })),
})

/** The same octets as a Buffer. */
const inPlace = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength)

const kekOf = (escrow: SignerClient, kek: string): Kek => ({
  id: kek,
  wrap: async (clear) => Buffer.from(await escrow.ask('wrapData', { kek, clear })),
  // What came over the pipe is nobody else's: the caller overwrites it, and no copy of it is left.
  unwrap: async (blob) => inPlace(await escrow.ask('unwrapData', { kek, blob })),
})

/** As the minutes take a name: labels and descriptions are anything. */
const named = (text: string): string => text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 64)

type Named = Readonly<{ module: string; token: string }>
/** What minutes name a token by. */
export const namesOf = ({ module, label, serial }: TokenInfo): Named => ({
  module: named(module),
  token: named(`${label}.${serial}`),
})

/** @param escrow of the token that the KEKs of the escrow are on */
export const wrappingOver = (escrow: SignerClient): WrappingKeys => {
  /** Keys that the token has said it has, by what they are for. */
  const known = new Map<string, SecretUse>()
  const idOf = async (label: string, use: SecretUse): Promise<string> => {
    const { id } = await escrow.ask('secret', { label, use })
    known.set(id, use)
    return id
  }
  const requireKek = async (id: string, use: SecretUse): Promise<string> => {
    if (!known.has(id) && (await escrow.ask('hasSecret', { id, use }))) known.set(id, use)
    if (known.get(id) !== use) throw new KeyFault(`there is no KEK ${id}`, { code: 'kekMissing' })
    return id
  }
  const kept = openKept<Named>()
  const names = (): Promise<Named> => kept.of('token', () => escrow.ask('token', {}).then(namesOf))
  const described = async ({ id, attributes }: SecretInfo): Promise<EscrowKek> => {
    known.set(id, 'escrowKek')
    return escrowKekOf(escrow, { id, attributes, ...(await names()) })
  }
  /** A key in memory, from one on the token that never leaves it. */
  const derived = async (use: string, label: string): Promise<Readonly<{ id: string; key: Buffer }>> => {
    const id = await idOf('derivation', 'mac')
    const data = Buffer.from(JSON.stringify(['grand-livre/derived/v1', use, label]))
    return { id, key: Buffer.from(await escrow.ask('hmac', { id, data })) }
  }
  return {
    kek: async (label) => kekOf(escrow, await idOf(label, 'dataKek')),
    kekById: async (id) => kekOf(escrow, await requireKek(id, 'dataKek')),
    escrowKek: async (label) => described(await escrow.ask('secret', { label, use: 'escrowKek' })),
    findEscrowKek: async (label) => {
      const found = await escrow.ask('findSecret', { label, use: 'escrowKek' })
      return found === undefined ? undefined : await described(found)
    },
    escrowKekById: async (id) => {
      const kek = await requireKek(id, 'escrowKek')
      return escrowKekOf(escrow, { id: kek, attributes: {}, ...(await names()) })
    },
    sendTo: async (asked) => {
      successorKeyOf(asked.successor)
      return await escrow.ask('sendTo', asked)
    },
    destroyEscrowKek: async (id) => {
      known.delete(id)
      const { failedUseCode } = await escrow.ask('destroySecret', { id, use: 'escrowKek' })
      return { failedUseCode }
    },
    mac: async (label) => {
      const { id, key } = await derived('mac', label)
      return { id, compute: (data) => createHmac('sha256', key).update(data).digest() }
    },
    macKey: (label) => derived('mac', label),
    recordMac: async (label) => {
      const id = await idOf(label, 'mac')
      return {
        id,
        compute: async (data) => Buffer.from(await escrow.ask('hmac', { id, data: Buffer.from(data) })),
      }
    },
    recordKey: async (label) => (await derived('records', label)).key,
  }
}
