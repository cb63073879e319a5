// Custody on two PKCS#11 tokens, each behind a signer process of its own: the keys of the authorities on one, the keys of the escrow on
// the other, so that whoever has the one has not the other (hsm.md 2.3). What goes through here is digests, wrapped keys and MACs.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { integer, sequence } from '../pki/der.ts'
import type { KekDescription, ServiceKeys } from '../pki/custody.ts'
import type { Signer } from '../pki/signer.ts'
import { sha256 } from './digest.ts'
import { readIfPresent, replaceDurable } from './durable.ts'
import { KeyFault } from './keyFault.ts'
import { openUnder, withoutPadding, wrapUnder } from './keyWrap.ts'
import { openKept } from './once.ts'
import { openSignerClient, type SignerClient } from './pkcs11/client.ts'
import { ModuleFault } from './pkcs11/fault.ts'
import type { Canary, SecretInfo, SecretUse, TokenInfo, TokenSettings } from './pkcs11/protocol.ts'
import { successorKeyOf, transportKeyOf } from './transportKey.ts'
import { pairOf, verifiedSigner } from './verifiedSigner.ts'
import type { EscrowKek, Kek, WrappingKeys } from './wrapping.ts'

export type { TokenSettings }

export type Pkcs11Keys = ServiceKeys &
  WrappingKeys &
  Readonly<{
    /** True while both tokens are there and are the ones that they were; else why not, in a sentence. */
    health: () => Promise<true | string>
    /** The processes that run now, for whoever watches over them. */
    processes: () => readonly number[]
    close: () => Promise<void>
  }>

export type Pkcs11Settings = Readonly<{
  ca: TokenSettings
  escrow: TokenSettings
  manifest: string
  /** File in which the signer process of the authorities counts its signatures (signatureCount.ts). */
  counts?: string
}>

type Manifest = Readonly<{ ca: Canary; escrow: Canary }>

/** (r, s) as X.509 wants it: a SEQUENCE of two INTEGERs (RFC 3279 2.2.3). */
const ecdsaDer = (raw: Uint8Array): Uint8Array => {
  const half = raw.length / 2
  const [r, s] = [raw.subarray(0, half), raw.subarray(half)].map((octets) =>
    integer(BigInt(`0x${Buffer.from(octets).toString('hex')}`)),
  )
  if (r === undefined || s === undefined) throw new KeyFault('an ECDSA signature has two parts')
  return sequence(r, s)
}

const signerOf = async (ca: SignerClient, id: string): Promise<Signer> => {
  const info = await ca.ask('find', { id })
  if (info === undefined) throw new KeyFault(`there is no key ${id}`, { code: 'keyMissing' })
  const { algorithm } = info
  const thrownAway = () => ca.ask('thrownAway', { id })
  return verifiedSigner({ id, algorithm, spki: Buffer.from(info.spki), thrownAway }, async (signed, hash) => {
    const raw = await ca.ask('sign', { id, digest: createHash(hash).update(signed).digest(), hash })
    return algorithm.startsWith('ec') ? ecdsaDer(raw) : raw
  })
}

const escrowKekOf = (escrow: SignerClient, described: KekDescription, kek = described.id): EscrowKek => ({
  ...described,
  makePair: async () => {
    const { spki, blob } = await escrow.ask('makePair', { kek })
    return { spki: Buffer.from(spki), blob: Buffer.from(blob) }
  },
  adopt: async ({ publicKey, privateKey }) => {
    const transport = randomBytes(32)
    const blob = wrapUnder(transport, privateKey)
    const asked = { kek, blob, spkiSha256: sha256(publicKey), transport }
    return Buffer.from(await escrow.ask('adopt', asked))
  },
  prove: async (blob, spkiSha256) => {
    await escrow.ask('prove', { kek, blob, spkiSha256 })
  },
  // The transport key of one act: what comes out of the module is for this process, and for nobody who reads the pipe.
  release: async (blob, spkiSha256) => {
    const transport = randomBytes(32)
    const wrapped = await escrow.ask('release', { kek, blob, spkiSha256, transport })
    return withoutPadding(openUnder(transport, wrapped))
  },
  releaseTo: async (blob, spkiSha256, transportKey) => {
    transportKeyOf(transportKey)
    return await escrow.ask('releaseTo', { kek, blob, spkiSha256, transportKey })
  },
  rewrap: async (blob, spkiSha256, to) =>
    Buffer.from(await escrow.ask('rewrap', { kek, blob, spkiSha256, to })),
})

const kekOf = (escrow: SignerClient, kek: string): Kek => ({
  id: kek,
  wrap: async (clear) => Buffer.from(await escrow.ask('wrapData', { kek, clear })),
  unwrap: async (blob) => Buffer.from(await escrow.ask('unwrapData', { kek, blob })),
})

/** As the minutes take a name: labels and descriptions are anything. */
const named = (text: string): string => text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 64)

type Named = Readonly<{ module: string; token: string }>
const namesOf = ({ module, label, serial }: TokenInfo): Named => ({
  module: named(module),
  token: named(`${label}.${serial}`),
})

const wrappingOver = (escrow: SignerClient): WrappingKeys => {
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
  let token: Promise<Named> | undefined
  const names = (): Promise<Named> => {
    token ??= escrow.ask('token', {}).then(namesOf)
    token.catch(() => (token = undefined))
    return token
  }
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

/** Both tokens as they are now, against what they were. @throws ModuleFault where one is another, or does not work */
const look = async ({
  ca,
  escrow,
}: Readonly<{ ca: SignerClient; escrow: SignerClient }>): Promise<Manifest> => {
  const [caToken, escrowToken] = [await ca.ask('token', {}), await escrow.ask('token', {})]
  if (caToken.serial === escrowToken.serial)
    throw new ModuleFault('notAllowed', 'the escrow has a token of its own, not that of the authorities')
  return { ca: (await ca.ask('health', {})).canary, escrow: (await escrow.ask('health', {})).canary }
}

/** A probe does not wait for a module that hangs; its process is ended by and by (client.ts). Less than whoever asks has patience for. */
const healthMs = 2_500

/** Whether a token works and is the one that it was; else why not, and which of the two it is that somebody has to look at. */
const lookedAt = (client: SignerClient, name: string): Promise<true | string> =>
  Promise.race([
    client.ask('health', {}).then(
      () => true as const,
      (error: unknown) => `${name}: ${error instanceof ModuleFault ? error.message : 'out of reach'}`,
    ),
    setTimeout(healthMs, `${name}: no answer`, { ref: false }),
  ])

const together = (states: readonly (true | string)[]): true | string =>
  states.filter((state) => state !== true).join('; ') || true

/**
 * Opens both tokens. The first time it makes a canary on each, and remembers them in the file `manifest`.
 * @throws ModuleFault when a token is not there, not the one that it was, or refuses its PIN: one that was
 * refused is not tried again, whichever process asks
 */
export const openPkcs11Keys = async ({ ca: caToken, escrow: escrowToken, ...files }: Pkcs11Settings) => {
  const { manifest, counts } = files
  const stored = await readIfPresent(manifest)
  const known = stored === undefined ? undefined : (JSON.parse(stored.toString('utf8')) as Manifest)
  const counting = { ...caToken, ...(counts === undefined ? {} : { counts }) }
  const remembering = (name: string) => ({
    ...{ refusedPin: `${manifest}.refused-${name}`, inside: `${manifest}.inside-${name}` },
  })
  const ca = openSignerClient({ ...counting, ...remembering('ca') }, { canary: known?.ca })
  const escrow = openSignerClient({ ...escrowToken, ...remembering('escrow') }, { canary: known?.escrow })
  const clients = { ca, escrow }
  const close = async (): Promise<void> => {
    await Promise.all([ca.close(), escrow.close()])
  }
  try {
    const found = await look(clients)
    if (known === undefined) await replaceDurable(manifest, Buffer.from(JSON.stringify(found, null, 2)))
    const token = await ca.ask('token', {})
    const signers = openKept<Signer>()
    const keys: Pkcs11Keys = {
      ...wrappingOver(escrow),
      ...namesOf(token),
      generate: async ({ id, purpose, algorithm }) => {
        const pair = pairOf(algorithm)
        const { spki, attributes } = await ca.ask('generate', {
          ...{ id, algorithm: pair, label: `grand-livre ${purpose}` },
        })
        return { spki, attributes }
      },
      describe: async (id) => {
        const found = await ca.ask('find', { id })
        if (found === undefined) throw new KeyFault(`there is no key ${id}`, { code: 'keyMissing' })
        return { spki: found.spki, attributes: found.attributes }
      },
      destroy: async (id) => {
        signers.forget(id)
        const { failedUseCode, sessionsClosed } = await ca.ask('destroy', { id })
        return { failedUseCode, sessionsClosed }
      },
      signer: (id) => signers.of(id, () => signerOf(ca, id)),
      health: async () =>
        together(
          await Promise.all([
            lookedAt(ca, `token of the authorities (${caToken.token})`),
            lookedAt(escrow, `token of the escrow (${escrowToken.token})`),
          ]),
        ),
      processes: () => [ca, escrow].flatMap(({ pid }) => pid() ?? []),
      signatures: () => ca.ask('counts', {}),
      close,
    }
    return keys
  } catch (error) {
    await close()
    throw error
  }
}
