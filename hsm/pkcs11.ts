// Custody on two PKCS#11 tokens, each behind a signer process of its own: the keys of the authorities on one, the keys of the escrow on
// the other, so that whoever has the one has not the other (hsm.md 2.3). What goes through here is digests, wrapped keys and MACs, and data
// keys, which are used in this process.
import { createHash } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { integer, sequence } from '../pki/der.ts'
import type { ServiceKeys } from '../pki/custody.ts'
import type { Signer } from '../pki/signer.ts'
import { readIfPresent, replaceDurable } from './durable.ts'
import { KeyFault } from './keyFault.ts'
import { openKept } from './once.ts'
import { openActBreaker, type ActBreaker } from './pkcs11/breaker.ts'
import { openSignerClient, type SignerClient } from './pkcs11/client.ts'
import { ModuleFault } from './pkcs11/fault.ts'
import type { Canary, TokenSettings } from './pkcs11/protocol.ts'
import { namesOf, wrappingOver } from './pkcs11Wrapping.ts'
import { pairOf, SignatureUnverified, verifiedSigner } from './verifiedSigner.ts'
import type { WrappingKeys } from './wrapping.ts'

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
const lookedAt = (
  client: SignerClient,
  name: string,
  alone: ActBreaker['open'] = () => undefined,
): Promise<true | string> =>
  Promise.race([
    client.ask('health', {}).then(
      () => {
        const fault = client.leftAlone() ?? alone()
        return fault === undefined ? (true as const) : `${name}: ${fault.message}`
      },
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
    const signing = openActBreaker()
    let unverified = 0
    /** A key whose signatures do not verify, three in a row, is left alone: whatever else the module signs, it goes on. */
    const guarded = (id: string, signer: Signer): Signer => ({
      ...signer,
      sign: (tbs) =>
        signing.guard(`sign ${id}`, async (failedAgain) => {
          try {
            return await signer.sign(tbs)
          } catch (error) {
            if (error instanceof SignatureUnverified)
              failedAgain(new ModuleFault('integrity', error.message), (unverified += 1))
            throw error
          }
        }),
    })
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
      signer: (id) => signers.of(id, async () => guarded(id, await signerOf(ca, id))),
      health: async () =>
        together(
          await Promise.all([
            lookedAt(ca, `token of the authorities (${caToken.token})`, signing.open),
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
