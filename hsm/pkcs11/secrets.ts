// Secret keys of the escrow's token: KEKs that wrap, MAC keys that authenticate; and data keys, which are wrapped under a KEK.
import { randomBytes } from 'node:crypto'
import pkcs11js, { type Handle, type Template } from 'pkcs11js'
import { uuidOctets, uuidOf, uuidText } from '../uuid.ts'
import { notKeptSecret, readSecret, secretKey } from './attributes.ts'
import { faultOf, ModuleFault } from './fault.ts'
import { findObjects, objectOf, objectsOf, type At } from './objects.ts'
import type { Answer, Asked, Attributes, SecretInfo, SecretUse } from './protocol.ts'
import { withObject, type Token } from './token.ts'

const longestData = 4096
const block = 8
/** CK_INVALID_HANDLE: no object has it. */
const noHandle: Handle = Buffer.alloc(8)
/** RFC 5649 4.1: at most eight octets of padding, and eight of integrity check. */
const growth = 16

const sessionSecret = (value: Buffer, more: Template): Template => [
  { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
  { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_GENERIC_SECRET },
  { type: pkcs11js.CKA_TOKEN, value: false },
  { type: pkcs11js.CKA_VALUE, value },
  ...more,
]

const clearSecret: Template = [
  { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
  { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_GENERIC_SECRET },
  { type: pkcs11js.CKA_TOKEN, value: false },
  { type: pkcs11js.CKA_SENSITIVE, value: false },
  { type: pkcs11js.CKA_EXTRACTABLE, value: true },
]

/** A key's label on the token says what it is for. */
const labelOf = (use: SecretUse, label: string): string => `${use} ${label}`
const uses: readonly SecretUse[] = ['dataKek', 'escrowKek', 'mac']

export type Secrets = Readonly<{
  secret: (asked: Asked<'secret'>) => Promise<Answer<'secret'>>
  findSecret: (asked: Asked<'findSecret'>) => Promise<Answer<'findSecret'>>
  hasSecret: (asked: Asked<'hasSecret'>) => Promise<Answer<'hasSecret'>>
  destroySecret: (asked: Asked<'destroySecret'>) => Promise<Answer<'destroySecret'>>
  hmac: (asked: Asked<'hmac'>) => Promise<Answer<'hmac'>>
  wrapData: (asked: Asked<'wrapData'>) => Promise<Answer<'wrapData'>>
  unwrapData: (asked: Asked<'unwrapData'>) => Promise<Answer<'unwrapData'>>
}>

/** @param wrapMechanism see TokenSettings */
export const openSecrets = (token: Token, wrapMechanism: number): Secrets => {
  /** Something under a KEK that is about to go: it opens for as long as that is there. */
  const wrappedProbe = ({ module, session }: At, kek: Handle): Buffer => {
    const value = randomBytes(32)
    const probe = module.C_CreateObject(
      session,
      sessionSecret(value, [{ type: pkcs11js.CKA_EXTRACTABLE, value: true }]),
    )
    try {
      const mechanism = { mechanism: wrapMechanism }
      return Buffer.from(
        module.C_WrapKey(session, mechanism, kek, probe, Buffer.alloc(value.length + growth)),
      )
    } finally {
      module.C_DestroyObject(session, probe)
    }
  }
  /** What unwrapping with a KEK that is gone answers; one that was gone before has the handle that none has. */
  const useAfter = (
    { module, session }: At,
    kek: Handle = noHandle,
    blob: Buffer = Buffer.alloc(24),
  ): string => {
    try {
      module.C_UnwrapKey(session, { mechanism: wrapMechanism }, kek, blob, clearSecret)
    } catch (error) {
      const fault = faultOf(error, 'unwrap')
      // Any other answer says nothing of the KEK: one that is there may give it too.
      if (fault.kind !== 'session') throw fault
      return /CKR_\w+/.exec(fault.message)?.[0] ?? ''
    }
    throw new ModuleFault('integrity', 'a KEK that was destroyed still unwraps')
  }
  /** @throws ModuleFault where the token says that the key could leave it, be changed, or do something else than its use */
  const judged = (at: At, key: Handle, use: SecretUse): Attributes => {
    const attributes = readSecret(at, key)
    const wrong = notKeptSecret(attributes, { use, wrapMechanism })
    if (wrong.length > 0)
      throw new ModuleFault('integrity', `the ${use} is not as the token makes them: ${wrong.join(', ')}`)
    return attributes
  }
  const labelled = (at: At, label: string) =>
    findObjects(at, [
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_SECRET_KEY },
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_LABEL, value: label },
    ])

  const present = (at: At, { label, use }: Asked<'secret'>): SecretInfo | undefined => {
    if (uses.some((other) => other !== use && labelled(at, labelOf(other, label)).length > 0))
      throw new ModuleFault('integrity', `the key ${label} is there, for another use`)
    const [key, ...others] = labelled(at, labelOf(use, label))
    if (others.length > 0)
      throw new ModuleFault('integrity', `the token has ${others.length + 1} keys of the label ${label}`)
    if (key === undefined) return undefined
    const attributes = judged(at, key, use)
    const [id] = at.module.C_GetAttributeValue(at.session, key, [{ type: pkcs11js.CKA_ID }])
    return { id: uuidText(id?.value as Buffer), attributes }
  }

  return {
    secret: (asked) =>
      token.runAlone('find or make a secret key', async (at) => {
        const { label, use } = asked
        const before = present(at, asked)
        if (before !== undefined) return before
        await token.requireOurs(at)
        const [id, name] = [uuidOctets(uuidOf(randomBytes(16))), labelOf(use, label)]
        const { mechanism, template } = secretKey(id, name, { use, wrapMechanism })
        await at.module.C_GenerateKeyAsync(at.session, { mechanism }, template)
        await token.requireOurs(at)
        const made = present(at, asked)
        if (made === undefined)
          throw new ModuleFault('integrity', `the key ${label} was made and is not there`)
        return made
      }),

    findSecret: (asked) =>
      token.runAlone('find a secret key', async (at) => {
        const found = present(at, asked)
        if (found === undefined) await token.requireOurs(at)
        return found
      }),

    hasSecret: ({ id, use }) =>
      token.runAlone('find a secret key', async (at) => {
        const key = objectOf(at, 'secret', id)
        if (key === undefined) await token.requireOurs(at)
        if (key === undefined) return false
        const [label] = at.module.C_GetAttributeValue(at.session, key, [{ type: pkcs11js.CKA_LABEL }])
        if (!(label?.value as Buffer).toString('utf8').startsWith(labelOf(use, ''))) return false
        judged(at, key, use)
        return true
      }),

    // A session that was armed with it would outlive it (hsm.md 5): they are closed first, and none is had again before it is gone.
    destroySecret: ({ id, use }) =>
      token.runReopened('destroy a secret key', async (at, sessionsClosed) => {
        await token.requireOurs(at)
        const keys = objectsOf(at, 'secret', id)
        const probes: Buffer[] = []
        for (const key of keys) {
          const [label] = at.module.C_GetAttributeValue(at.session, key, [{ type: pkcs11js.CKA_LABEL }])
          if (!(label?.value as Buffer).toString('utf8').startsWith(labelOf(use, '')))
            throw new ModuleFault('notAllowed', `the key ${id} has another use`)
          probes.push(wrappedProbe(at, key))
          at.module.C_DestroyObject(at.session, key)
        }
        at.handles.delete(`secret ${id}`)
        if (objectsOf(at, 'secret', id).length > 0)
          throw new ModuleFault('integrity', `the key ${id} was destroyed and is still there`)
        const [failedUseCode = useAfter(at)] = keys.map((key, index) => useAfter(at, key, probes[index]))
        return { objects: keys.length, failedUseCode, sessionsClosed }
      }),

    hmac: ({ id, data }) =>
      withObject(token, 'authenticate', ['secret', id], async ({ module, session }, key) => {
        const [input, out] = [Buffer.from(data), Buffer.alloc(64)]
        module.C_SignInit(session, { mechanism: pkcs11js.CKM_SHA256_HMAC }, key)
        const mac = Buffer.from(await module.C_SignAsync(session, input, out))
        // Referenced until the other thread is done with them (hsm.md 1.4).
        if (input.length === 0 || out.length === 0)
          throw new ModuleFault('device', 'nothing was authenticated')
        return mac
      }),

    wrapData: ({ kek, clear }) =>
      withObject(token, 'wrap', ['secret', kek], async ({ module, session }, key) => {
        // SoftHSM fills a key up with zeros before RFC 5649 tells its length (hsm.md 2.1): others would come back longer.
        if (clear.length % block !== 0) throw new ModuleFault('notAllowed', 'a data key has whole blocks')
        const value = Buffer.from(clear)
        const data = module.C_CreateObject(
          session,
          sessionSecret(value, [{ type: pkcs11js.CKA_EXTRACTABLE, value: true }]),
        )
        value.fill(0)
        try {
          return Buffer.from(
            module.C_WrapKey(
              session,
              { mechanism: wrapMechanism },
              key,
              data,
              Buffer.alloc(longestData + growth),
            ),
          )
        } finally {
          module.C_DestroyObject(session, data)
        }
      }),

    unwrapData: ({ kek, blob }) =>
      withObject(token, 'unwrap', ['secret', kek], async ({ module, session }, key) => {
        const data = unwrapped(() =>
          module.C_UnwrapKey(session, { mechanism: wrapMechanism }, key, Buffer.from(blob), clearSecret),
        )
        try {
          const [value] = module.C_GetAttributeValue(session, data, [{ type: pkcs11js.CKA_VALUE }])
          return Buffer.from(value?.value as Buffer)
        } finally {
          module.C_DestroyObject(session, data)
        }
      }),
  }
}

/** SoftHSM answers CKR_GENERAL_ERROR to a blob that is not this key's (hsm.md 2.1): the module is not to be opened anew for it. */
export const unwrapped = <T>(unwrap: () => T): T => {
  try {
    return unwrap()
  } catch (error) {
    const name = error instanceof Error ? /CKR_\w+/.exec(error.message)?.[0] : undefined
    if (name === 'CKR_GENERAL_ERROR' || name?.startsWith('CKR_WRAPPED_KEY') === true)
      throw new ModuleFault(
        'wrapped',
        'a wrapped key does not open: it was changed, or wrapped under another key',
      )
    throw error
  }
}
