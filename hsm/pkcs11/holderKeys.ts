// Holders' keys in the module: generated there, out of it only wrapped, shown to be recoverable, handed over under the key of
// whoever receives it. Between two acts there is none in the module: each works on objects of its own session (hsm.md 2).
import {
  constants,
  createHash,
  createPublicKey,
  publicEncrypt,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import pkcs11js, { type Handle, type Template } from 'pkcs11js'
import { transportKeyOf } from '../transportKey.ts'
import { attribute, decryptsOnly, rsaPrivate } from './attributes.ts'
import { ModuleFault } from './fault.ts'
import { requireObject, type At } from './objects.ts'
import type { Answer, Asked } from './protocol.ts'
import { unwrapped } from './secrets.ts'
import { rsaSpki } from './spki.ts'
import { withObject, type Token } from './token.ts'

export const longestKey = 4096

const publicTemplate: Template = [
  attribute(pkcs11js.CKA_TOKEN, false),
  attribute(pkcs11js.CKA_MODULUS_BITS, 3072),
  attribute(pkcs11js.CKA_PUBLIC_EXPONENT, Buffer.from('010001', 'hex')),
  attribute(pkcs11js.CKA_ENCRYPT, true),
]

/** AES of one session, from octets that two parties share. */
export const transportTemplate = (value: Buffer): Template => [
  attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_SECRET_KEY),
  attribute(pkcs11js.CKA_KEY_TYPE, pkcs11js.CKK_AES),
  attribute(pkcs11js.CKA_TOKEN, false),
  attribute(pkcs11js.CKA_WRAP, true),
  attribute(pkcs11js.CKA_UNWRAP, true),
  attribute(pkcs11js.CKA_VALUE, value),
]

const transportKeyIn = ({ module, session }: At, transport: Uint8Array): Handle => {
  const value = Buffer.from(transport)
  try {
    return module.C_CreateObject(session, transportTemplate(value))
  } finally {
    value.fill(0)
  }
}

/** The public half of a card's transport key, for one session. @throws ModuleFault where it is no such key */
const cardKeyTemplate = (spki: Uint8Array): Template => {
  const { n = '', e = '' } = transportKeyOf(spki).export({ format: 'jwk' })
  return [
    attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_PUBLIC_KEY),
    attribute(pkcs11js.CKA_KEY_TYPE, pkcs11js.CKK_RSA),
    attribute(pkcs11js.CKA_TOKEN, false),
    attribute(pkcs11js.CKA_MODULUS, Buffer.from(n, 'base64url')),
    attribute(pkcs11js.CKA_PUBLIC_EXPONENT, Buffer.from(e, 'base64url')),
    attribute(pkcs11js.CKA_WRAP, true),
    attribute(pkcs11js.CKA_ENCRYPT, false),
    attribute(pkcs11js.CKA_VERIFY, false),
  ]
}

/** AES of one wrapping, made in the module: it leaves it under the transport key of a card alone. */
const onceTemplate: Template = [
  attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_SECRET_KEY),
  attribute(pkcs11js.CKA_KEY_TYPE, pkcs11js.CKK_AES),
  attribute(pkcs11js.CKA_VALUE_LEN, 32),
  attribute(pkcs11js.CKA_TOKEN, false),
  attribute(pkcs11js.CKA_PRIVATE, true),
  attribute(pkcs11js.CKA_SENSITIVE, true),
  attribute(pkcs11js.CKA_EXTRACTABLE, true),
  attribute(pkcs11js.CKA_WRAP, true),
  attribute(pkcs11js.CKA_UNWRAP, false),
  attribute(pkcs11js.CKA_ENCRYPT, false),
  attribute(pkcs11js.CKA_DECRYPT, false),
]

/** RSAES-OAEP with SHA-1: SoftHSM has no other (hsm.md 2.1). */
export const oaep = {
  mechanism: pkcs11js.CKM_RSA_PKCS_OAEP,
  parameter: {
    type: pkcs11js.CK_PARAMS_RSA_OAEP,
    hashAlg: pkcs11js.CKM_SHA_1,
    mgf: pkcs11js.CKG_MGF1_SHA1,
    source: 1,
  },
}

/** Runs `use` with objects that are there for it alone. */
export const meanwhile = async <T>(
  { module, session }: At,
  objects: readonly Handle[],
  use: () => Promise<T>,
): Promise<T> => {
  try {
    return await use()
  } finally {
    for (const object of objects) module.C_DestroyObject(session, object)
  }
}

/**
 * Unwraps a holder's key into the session. RFC 5649 binds a blob to nothing but its KEK: whose key it is, its modulus says.
 * @throws ModuleFault when it does not open, or is another one's
 */
export const openedUnder =
  (wrapMechanism: number) =>
  (
    at: At,
    [kek, extractable]: readonly [Handle, boolean],
    { blob, spkiSha256 }: Readonly<{ blob: Uint8Array; spkiSha256: string }>,
  ): Readonly<{ key: Handle; spki: Buffer }> => {
    const { module, session } = at
    const template = [...rsaPrivate, ...decryptsOnly({ token: false, extractable })]
    const key = unwrapped(() =>
      module.C_UnwrapKey(session, { mechanism: wrapMechanism }, kek, Buffer.from(blob), template),
    )
    const spki = rsaSpki(at, key)
    if (createHash('sha256').update(spki).digest('hex') === spkiSha256) return { key, spki }
    module.C_DestroyObject(session, key)
    throw new ModuleFault('otherKey', 'the escrowed key is not the one of this public key')
  }

export type HolderKeys = Readonly<{
  makePair: (asked: Asked<'makePair'>) => Promise<Answer<'makePair'>>
  prove: (asked: Asked<'prove'>) => Promise<Answer<'prove'>>
  release: (asked: Asked<'release'>) => Promise<Answer<'release'>>
  releaseTo: (asked: Asked<'releaseTo'>) => Promise<Answer<'releaseTo'>>
  adopt: (asked: Asked<'adopt'>) => Promise<Answer<'adopt'>>
  rewrap: (asked: Asked<'rewrap'>) => Promise<Answer<'rewrap'>>
}>

/** @param wrapMechanism see TokenSettings */
export const openHolderKeys = (token: Token, wrapMechanism: number): HolderKeys => {
  const mechanism = { mechanism: wrapMechanism }
  const wrap = async ({ module, session }: At, kek: Handle, key: Handle): Promise<Buffer> =>
    Buffer.from(module.C_WrapKey(session, mechanism, kek, key, Buffer.alloc(longestKey)))

  const opened = openedUnder(wrapMechanism)

  return {
    makePair: ({ kek }) =>
      withObject(token, 'generate a holder’s key', ['secret', kek], async (at, wrapping) => {
        const { publicKey, privateKey } = await at.module.C_GenerateKeyPairAsync(
          at.session,
          { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN },
          publicTemplate,
          decryptsOnly({ token: false, extractable: true }),
        )
        return await meanwhile(at, [publicKey, privateKey], async () => ({
          spki: rsaSpki(at, publicKey),
          blob: await wrap(at, wrapping, privateKey),
        }))
      }),

    prove: ({ kek, ...wrapped }) =>
      withObject(token, 'prove that a key can be recovered', ['secret', kek], async (at, wrapping) => {
        const { key, spki } = opened(at, [wrapping, false], wrapped)
        const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' })
        return await meanwhile(at, [key], async () => {
          const challenge = randomBytes(32)
          const padding = constants.RSA_PKCS1_OAEP_PADDING
          const sealed = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha1' }, challenge)
          const out = Buffer.alloc(512)
          at.module.C_DecryptInit(at.session, oaep, key)
          const answer = Buffer.from(await at.module.C_DecryptAsync(at.session, sealed, out))
          const isSame = answer.length === challenge.length && timingSafeEqual(answer, challenge)
          if (!isSame || sealed.length === 0 || out.length === 0)
            throw new ModuleFault('integrity', 'the escrowed key does not decrypt')
          return true as const
        })
      }),

    release: ({ kek, transport, ...wrapped }) =>
      withObject(token, 'hand a key over', ['secret', kek], async (at, wrapping) => {
        const { key } = opened(at, [wrapping, true], wrapped)
        return await meanwhile(at, [key], async () => {
          const under = transportKeyIn(at, transport)
          return await meanwhile(at, [under], () => wrap(at, under, key))
        })
      }),

    releaseTo: ({ kek, transportKey, ...wrapped }) =>
      withObject(token, 'hand a key over to a card', ['secret', kek], async (at, wrapping) => {
        const { module, session } = at
        // Before the holder's key is unwrapped: under anything else than a card's transport key it would not stay closed.
        const to = module.C_CreateObject(session, cardKeyTemplate(transportKey))
        return await meanwhile(at, [to], async () => {
          const aes = module.C_GenerateKey(session, { mechanism: pkcs11js.CKM_AES_KEY_GEN }, onceTemplate)
          return await meanwhile(at, [aes], async () => {
            const { key } = opened(at, [wrapping, true], wrapped)
            return await meanwhile(at, [key], async () => ({
              transport: Buffer.from(module.C_WrapKey(session, oaep, to, aes, Buffer.alloc(longestKey))),
              blob: await wrap(at, aes, key),
            }))
          })
        })
      }),

    adopt: ({ kek, transport, ...wrapped }) =>
      withObject(token, 'take a key in', ['secret', kek], async (at, wrapping) => {
        const from = transportKeyIn(at, transport)
        return await meanwhile(at, [from], async () => {
          const { key } = opened(at, [from, true], wrapped)
          return await meanwhile(at, [key], () => wrap(at, wrapping, key))
        })
      }),

    rewrap: async ({ kek, to, ...wrapped }) => {
      await withObject(token, 'find a KEK', ['secret', to], async () => undefined)
      return await withObject(token, 'wrap a key anew', ['secret', kek], async (at, from) => {
        const target = requireObject(at, 'secret', to)
        const { key } = opened(at, [from, true], wrapped)
        const blob = await meanwhile(at, [key], () => wrap(at, target, key))
        // What replaces the old one is known to open.
        const { key: again } = opened(at, [target, false], { blob, spkiSha256: wrapped.spkiSha256 })
        at.module.C_DestroyObject(at.session, again)
        return blob
      })
    },
  }
}
