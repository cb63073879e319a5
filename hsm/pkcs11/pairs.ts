// Key pairs of the service on the token: made once, found again by CKA_ID, used to sign, destroyed.
import { createHash, createPublicKey, verify } from 'node:crypto'
import pkcs11js, { type Handle } from 'pkcs11js'
import type { SignatureCounts } from '../signatureCount.ts'
import { uuidOctets } from '../uuid.ts'
import { isRsa, notKept, readPrivate, signingPair } from './attributes.ts'
import { faultOf, isOnTheWay, ModuleFault } from './fault.ts'
import { objectOf, objectsOf, type At } from './objects.ts'
import type { Answer, Asked, Hash, KeyInfo, PairAlgorithm } from './protocol.ts'
import { spkiOf } from './spki.ts'
import { withObject, type Token } from './token.ts'

/** DigestInfo up to the digest (RFC 8017 9.2). */
const digestInfo = {
  sha256: Buffer.from('3031300d060960864801650304020105000420', 'hex'),
  sha384: Buffer.from('3041300d060960864801650304020205000430', 'hex'),
} as const

const longestSignature = 1024
/** CK_INVALID_HANDLE: no object has it. */
const noHandle: Handle = Buffer.alloc(8)

/** Signs a digest. The octets go to another thread: they stay referenced until it is done with them (hsm.md 1.4). */
const signDigest = async (
  { module, session }: At,
  key: Handle,
  algorithm: PairAlgorithm,
  { digest, hash }: Readonly<{ digest: Uint8Array; hash: Hash }>,
): Promise<Buffer> => {
  if (hash === 'sha1') throw new ModuleFault('notAllowed', 'nothing is signed with SHA-1')
  const rsa = isRsa(algorithm)
  const data = rsa ? Buffer.concat([digestInfo[hash], digest]) : Buffer.from(digest)
  const out = Buffer.alloc(longestSignature)
  module.C_SignInit(session, { mechanism: rsa ? pkcs11js.CKM_RSA_PKCS : pkcs11js.CKM_ECDSA }, key)
  const signature = Buffer.from(await module.C_SignAsync(session, data, out))
  if (data.length === 0 || out.length === 0) throw new ModuleFault('device', 'nothing was signed')
  return signature
}

const tested = Buffer.from('Grand-Livre: signature d’épreuve')

/** Whether a key signs, and its public half verifies that. */
export const signs = async (
  at: At,
  key: Handle,
  { algorithm, spki }: Pick<KeyInfo, 'algorithm' | 'spki'>,
) => {
  const digest = createHash('sha256').update(tested).digest()
  const signature = await signDigest(at, key, algorithm, { digest, hash: 'sha256' })
  const publicKey = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return verify('sha256', tested, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)
}

const algorithmOf = ({ module, session }: At, publicKey: Handle): PairAlgorithm => {
  const read = (type: number): Buffer =>
    module.C_GetAttributeValue(session, publicKey, [{ type }])[0]?.value as Buffer
  if (read(pkcs11js.CKA_KEY_TYPE).readUInt8(0) === pkcs11js.CKK_RSA)
    return read(pkcs11js.CKA_MODULUS).length > 384 ? 'rsa4096' : 'rsa3072'
  return read(pkcs11js.CKA_EC_PARAMS).length > 8 && read(pkcs11js.CKA_EC_PARAMS)[1] === 8
    ? 'ecP256'
    : 'ecP384'
}

type Pair = Readonly<{ id: string; privateKey: Handle; publicKey: Handle }>

/** Both halves that stand under an id. */
const pairOf = (at: At, id: string): Pair | undefined => {
  const [privateKey, publicKey] = [objectOf(at, 'private', id), objectOf(at, 'public', id)]
  return privateKey === undefined || publicKey === undefined ? undefined : { id, privateKey, publicKey }
}

/** @throws ModuleFault where the token says that the key could leave it, be changed, or do something else than sign */
const described = (at: At, { id, privateKey, publicKey }: Pair): KeyInfo => {
  const algorithm = algorithmOf(at, publicKey)
  const attributes = readPrivate(at, privateKey)
  const wrong = notKept(attributes, algorithm)
  if (wrong.length > 0)
    throw new ModuleFault('integrity', `the key ${id} is not as the token makes them: ${wrong.join(', ')}`)
  return { algorithm, spki: spkiOf(at, publicKey, algorithm), attributes }
}

/** What a process that was killed has left of a key: half a pair, or one that does not sign. */
const sweep = (at: At, id: string): void => {
  for (const kind of ['private', 'public'] as const) {
    for (const object of objectsOf(at, kind, id)) at.module.C_DestroyObject(at.session, object)
    at.handles.delete(`${kind} ${id}`)
  }
}

/**
 * Whatever a half-written pair answers (hsm.md 7): its parts cannot be read, or it does not sign.
 * @throws what says nothing of the pair: one that is whole would be swept away for it
 */
const isWhole = async (at: At, { privateKey, publicKey }: Pair): Promise<boolean> => {
  try {
    const algorithm = algorithmOf(at, publicKey)
    return await signs(at, privateKey, { algorithm, spki: spkiOf(at, publicKey, algorithm) })
  } catch (error) {
    if (isOnTheWay(error)) throw error
    return false
  }
}

/** The key of an id, if it signs. */
const whole = async (at: At, id: string): Promise<KeyInfo | undefined> => {
  const pair = pairOf(at, id)
  return pair !== undefined && (await isWhole(at, pair)) ? described(at, pair) : undefined
}

export type Pairs = Readonly<{
  generate: (asked: Asked<'generate'>) => Promise<Answer<'generate'>>
  find: (asked: Asked<'find'>) => Promise<Answer<'find'>>
  sign: (asked: Asked<'sign'>) => Promise<Answer<'sign'>>
  destroy: (asked: Asked<'destroy'>) => Promise<Answer<'destroy'>>
}>

export const openPairs = (token: Token, { counting }: Pick<SignatureCounts, 'counting'>): Pairs => {
  const known = new Map<string, KeyInfo>()

  /** Asked for a key that is not recorded yet: half a key under its id is nobody's, and makes room. */
  const generate: Pairs['generate'] = ({ id, label, algorithm }) =>
    token.runAlone('generate a key pair', async (at) => {
      const present = await whole(at, id)
      if (present !== undefined) {
        if (present.algorithm === algorithm) return present
        throw new ModuleFault('integrity', `the key ${id} is there, for ${present.algorithm}`)
      }
      // The canary signs, so it is not the module that fails: what stands under this id is nobody's.
      await token.requireOurs(at)
      sweep(at, id)
      const { mechanism, publicKey, privateKey } = signingPair(uuidOctets(id), label, algorithm)
      await at.module.C_GenerateKeyPairAsync(at.session, { mechanism }, publicKey, privateKey)
      const made = await whole(at, id)
      if (made === undefined) throw new ModuleFault('integrity', `the key ${id} was made and does not sign`)
      await token.requireOurs(at)
      known.set(id, made)
      return made
    })

  const find: Pairs['find'] = ({ id }) =>
    token.runAlone('find a key', async (at) => {
      const pair = pairOf(at, id)
      // There is no such key: if it is our token that says so.
      if (pair === undefined) await token.requireOurs(at)
      if (pair === undefined) return undefined
      const info = described(at, pair)
      known.set(id, info)
      return info
    })

  const sign: Pairs['sign'] = async ({ id, digest, hash }) => {
    const info = known.get(id) ?? (await find({ id }))
    if (info === undefined) throw new ModuleFault('lost', `the token has no key ${id}`)
    return await counting(id, () =>
      withObject(token, 'sign', ['private', id], (at, key) =>
        signDigest(at, key, info.algorithm, { digest, hash }),
      ),
    )
  }

  /** What a signature with a key that is gone answers; one that was gone before has the handle that none has. */
  const useAfter = ({ module, session }: At, mechanism: number, key: Handle = noHandle): string => {
    try {
      module.C_SignInit(session, { mechanism }, key)
    } catch (error) {
      const fault = faultOf(error, 'sign')
      // Any other answer says nothing of the key.
      if (fault.kind !== 'session') throw fault
      return /CKR_\w+/.exec(fault.message)?.[0] ?? ''
    }
    throw new ModuleFault('integrity', 'a key that was destroyed still signs')
  }

  /**
   * CGU-90. Sessions are closed first: an armed signature outlives its key (hsm.md 5). Whoever waits to sign has one again once the key is
   * gone. The public half stays, for the minutes.
   */
  const destroy: Pairs['destroy'] = ({ id }) =>
    token.runReopened('destroy a key', async (at, sessionsClosed) => {
      known.delete(id)
      const objects = objectsOf(at, 'private', id)
      for (const object of objects) at.module.C_DestroyObject(at.session, object)
      at.handles.delete(`private ${id}`)
      if (objectsOf(at, 'private', id).length > 0)
        throw new ModuleFault('integrity', `the key ${id} was destroyed and is still there`)
      const publicKey = objectOf(at, 'public', id)
      const isEc = publicKey !== undefined && !isRsa(algorithmOf(at, publicKey))
      const mechanism = isEc ? pkcs11js.CKM_ECDSA : pkcs11js.CKM_RSA_PKCS
      return { objects: objects.length, failedUseCode: useAfter(at, mechanism, objects[0]), sessionsClosed }
    })

  return { generate, find, sign, destroy }
}
