// The acts of a token card inside the module. Private keys come wrapped and are opened by the card alone (hsm.md 4.1): none is in clear
// in this process.
import { constants, publicEncrypt, randomBytes, timingSafeEqual } from 'node:crypto'
import pkcs11js, { type Handle, type PKCS11, type Template } from 'pkcs11js'
import { transportKeyOf } from '../transportKey.ts'
import { attribute } from '../pkcs11/attributes.ts'
import { faultOf, ModuleFault } from '../pkcs11/fault.ts'
import { oaep } from '../pkcs11/holderKeys.ts'
import type { At } from '../pkcs11/objects.ts'
import { unwrapped } from '../pkcs11/secrets.ts'
import { rsaSpki } from '../pkcs11/spki.ts'
import {
  certificateTemplate,
  certifiedOf,
  idsOf,
  isWhole,
  keyTemplate,
  objectsOf,
  octetsOf,
  publicTemplate,
  remove,
  transportId,
} from './objects.ts'
import type { CardAct, CardAnswer, CardAsked } from './protocol.ts'

/** What the cards lie in, one at a time. */
export type Reader = Readonly<{
  module: PKCS11
  wrapMechanism: number
  /** Opens the module on the card of a folder. */
  slot: (folder: string, wanted: 'initialised' | 'blank') => Handle | undefined
  /** Takes away whatever token there is. */
  blank: (folder: string) => void
  close: () => void
}>

export type CardActsInModule = { readonly [A in CardAct]: (asked: CardAsked<A>) => CardAnswer<A> }

const sessionFlags = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION
const longestToken = 32
const longestClear = 512

const transportPublic: Template = [
  attribute(pkcs11js.CKA_TOKEN, true),
  attribute(pkcs11js.CKA_ID, transportId),
  attribute(pkcs11js.CKA_MODULUS_BITS, 2048),
  attribute(pkcs11js.CKA_PUBLIC_EXPONENT, Buffer.from('010001', 'hex')),
  attribute(pkcs11js.CKA_WRAP, true),
  attribute(pkcs11js.CKA_VERIFY, false),
]
const transportPrivate: Template = [
  attribute(pkcs11js.CKA_TOKEN, true),
  attribute(pkcs11js.CKA_ID, transportId),
  attribute(pkcs11js.CKA_PRIVATE, true),
  attribute(pkcs11js.CKA_SENSITIVE, true),
  attribute(pkcs11js.CKA_EXTRACTABLE, false),
  attribute(pkcs11js.CKA_UNWRAP, true),
  attribute(pkcs11js.CKA_DECRYPT, false),
  attribute(pkcs11js.CKA_SIGN, false),
]
/** The AES key that a holder's key comes under: in the card's memory, for one loading. */
const aesTemplate: Template = [
  attribute(pkcs11js.CKA_CLASS, pkcs11js.CKO_SECRET_KEY),
  attribute(pkcs11js.CKA_KEY_TYPE, pkcs11js.CKK_AES),
  attribute(pkcs11js.CKA_TOKEN, false),
  attribute(pkcs11js.CKA_PRIVATE, true),
  attribute(pkcs11js.CKA_SENSITIVE, true),
  attribute(pkcs11js.CKA_EXTRACTABLE, false),
  attribute(pkcs11js.CKA_UNWRAP, true),
  attribute(pkcs11js.CKA_WRAP, false),
]

const absent = (): ModuleFault => new ModuleFault('lost', 'there is no card')

/** The transport key, both halves of it. */
const transportOf = (at: At): Readonly<{ key: Handle; spki: Buffer }> | undefined => {
  const [key, publicKey] = [objectsOf(at, 'private', transportId)[0], objectsOf(at, 'public', transportId)[0]]
  if (key === undefined || publicKey === undefined) return undefined
  try {
    const spki = rsaSpki(at, key)
    transportKeyOf(spki)
    return rsaSpki(at, publicKey).equals(spki) ? { key, spki } : undefined
  } catch {
    // Half of it was written.
    return undefined
  }
}

export const openCardActs = (reader: Reader): CardActsInModule => {
  const { module, wrapMechanism } = reader

  const session = (slot: Handle): At => ({
    ...{ module, session: module.C_OpenSession(slot, sessionFlags), handles: new Map() },
  })
  /** @throws ModuleFault `lost` where there is no token */
  const opened = (folder: string): At => {
    const slot = reader.slot(folder, 'initialised')
    if (slot === undefined) throw absent()
    return session(slot)
  }
  const login = (at: At, pin: string): At => {
    module.C_Login(at.session, pkcs11js.CKU_USER, pin)
    return at
  }
  const withPin = ({ folder, pin }: Readonly<{ folder: string; pin: string }>): At =>
    login(opened(folder), pin)
  const isPinWrong = (error: unknown): boolean => faultOf(error, 'log in').kind === 'pin'

  /** The token as it was begun; undefined where it is blank, or a crash left it without its PIN. */
  const begun = (asked: CardAsked<'begin'>): At | undefined => {
    const slot = reader.slot(asked.folder, 'initialised')
    if (slot === undefined) return undefined
    try {
      return login(session(slot), asked.pin)
    } catch {
      return undefined
    }
  }
  const initialised = ({ folder, pin, soPin, label }: CardAsked<'begin'>): At => {
    reader.blank(folder)
    const slot = reader.slot(folder, 'blank')
    if (slot === undefined) throw absent()
    // The binding does not pad a label (hsm.md 1.1).
    module.C_InitToken(slot, soPin, label.slice(0, longestToken).padEnd(longestToken))
    const at = session(slot)
    module.C_Login(at.session, pkcs11js.CKU_SO, soPin)
    module.C_InitPIN(at.session, pin)
    module.C_Logout(at.session)
    return login(at, pin)
  }

  const decrypted = (at: At, key: Handle, ciphertext: Uint8Array): Buffer => {
    module.C_DecryptInit(at.session, oaep, key)
    return Buffer.from(module.C_Decrypt(at.session, Buffer.from(ciphertext), Buffer.alloc(longestClear)))
  }

  /** Two unwrappings by the card: the AES key under its transport key, the holder's key under that. */
  const unwrap = (at: At, { key: wrapped, label }: CardAsked<'load'>['key'], id: Buffer): Handle => {
    const transport = transportOf(at)
    if (transport === undefined) throw new ModuleFault('notAllowed', 'the card has no transport key')
    const aes = unwrapped(() =>
      module.C_UnwrapKey(at.session, oaep, transport.key, Buffer.from(wrapped.transport), aesTemplate),
    )
    try {
      const mechanism = { mechanism: wrapMechanism }
      return unwrapped(() =>
        module.C_UnwrapKey(at.session, mechanism, aes, Buffer.from(wrapped.blob), keyTemplate(id, label)),
      )
    } finally {
      module.C_DestroyObject(at.session, aes)
    }
  }

  const testKey = (at: At, id: Buffer): boolean => {
    const [key, certificate] = [objectsOf(at, 'private', id)[0], objectsOf(at, 'certificate', id)[0]]
    if (key === undefined || certificate === undefined) return false
    const { publicKey } = certifiedOf(octetsOf(at, certificate, pkcs11js.CKA_VALUE))
    const challenge = randomBytes(32)
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const sealed = publicEncrypt({ key: publicKey, padding, oaepHash: 'sha1' }, challenge)
    const answer = decrypted(at, key, sealed)
    return answer.length === challenge.length && timingSafeEqual(answer, challenge)
  }

  return {
    probe: () => true,

    begin: (asked) => {
      const at = begun(asked) ?? initialised(asked)
      const present = transportOf(at)
      if (present !== undefined) return present.spki
      remove(at, transportId)
      const mechanism = { mechanism: pkcs11js.CKM_RSA_PKCS_KEY_PAIR_GEN }
      const { privateKey } = module.C_GenerateKeyPair(
        at.session,
        mechanism,
        transportPublic,
        transportPrivate,
      )
      return rsaSpki(at, privateKey)
    },

    load: ({ key, ...where }) => {
      const certified = certifiedOf(key.certificate)
      const { id, spki } = certified
      const at = withPin(where)
      if (isWhole(at, id)) return id.toString('hex')
      remove(at, id)
      const loaded = unwrap(at, key, id)
      if (!rsaSpki(at, loaded).equals(spki)) {
        module.C_DestroyObject(at.session, loaded)
        throw new ModuleFault('otherKey', 'a key for the card is not the one of its certificate')
      }
      module.C_CreateObject(at.session, publicTemplate(certified, key.label))
      module.C_CreateObject(at.session, certificateTemplate(key.certificate, certified, key.label))
      return id.toString('hex')
    },

    finish: ({ ids, ...where }) => {
      const at = withPin(where)
      const wanted = new Set([...ids, transportId.toString('hex')])
      for (const id of idsOf(at)) if (!wanted.has(id)) remove(at, Buffer.from(id, 'hex'))
      if (!ids.every((id) => isWhole(at, Buffer.from(id, 'hex'))))
        throw new ModuleFault('integrity', 'what was read back from the card is not what was written')
      remove(at, transportId)
      return true
    },

    read: ({ folder }) => [...idsOf(opened(folder), ['certificate'])],

    test: ({ ids, ...where }) => {
      const at = withPin(where)
      return ids.every((id) => testKey(at, Buffer.from(id, 'hex')))
    },

    setPin: ({ folder, soPin, pin }) => {
      const at = opened(folder)
      try {
        module.C_Login(at.session, pkcs11js.CKU_SO, soPin)
      } catch (error) {
        if (isPinWrong(error)) return false
        throw error
      }
      module.C_InitPIN(at.session, pin)
      return true
    },

    decrypt: ({ id, ciphertext, folder, pin }) => {
      const at = opened(folder)
      try {
        login(at, pin)
      } catch (error) {
        if (isPinWrong(error)) return { wrong: 'pin' }
        throw error
      }
      const key = objectsOf(at, 'private', Buffer.from(id, 'hex'))[0]
      if (key === undefined) throw new ModuleFault('integrity', 'the card has no such key')
      try {
        return { clear: decrypted(at, key, ciphertext) }
      } catch {
        // One answer for every cause: what differs would tell the sender of a ciphertext about the key.
        return { wrong: 'ciphertext' }
      }
    },
  }
}
