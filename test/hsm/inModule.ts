// A process of its own that is inside a module, where tests may not be (a module that is misused ends its process): it does one act
// with a token, and says what came of it.
import { createHash, createPublicKey, verify } from 'node:crypto'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import pkcs11js, { type Handle } from 'pkcs11js'
import { secretKey, signingPair } from '../../hsm/pkcs11/attributes.ts'
import { uuidOctets } from '../../hsm/uuid.ts'
import { findObjects, objectsOf, type At } from '../../hsm/pkcs11/objects.ts'
import { openPairs } from '../../hsm/pkcs11/pairs.ts'
import { openSignatureCounts } from '../../hsm/signatureCount.ts'
import type { SecretUse, TokenSettings } from '../../hsm/pkcs11/protocol.ts'
import { openSecrets } from '../../hsm/pkcs11/secrets.ts'
import { openToken, type Token } from '../../hsm/pkcs11/token.ts'

/** Attributes that are the other way round than they have to be. */
export type Flaw = 'CKA_EXTRACTABLE' | 'CKA_MODIFIABLE' | 'CKA_DECRYPT'
/** A secret key of a label and a use, with these attributes the other way round; where `value` is given, not made on the token. */
export type PlantedSecret = Readonly<{
  id: string
  label: string
  use: SecretUse
  flaws: readonly string[]
  value?: string
}>
export type ModuleAct =
  | Readonly<{ act: 'count'; id?: string }>
  | Readonly<{ act: 'plant'; flaws: Readonly<Record<Flaw, string>> }>
  | Readonly<{ act: 'plantSecrets'; secrets: readonly PlantedSecret[] }>
  | Readonly<{ act: 'undestroyed'; label: string }>
  | Readonly<{ act: 'arm'; id: string }>
  | Readonly<{ act: 'collect'; id: string; count: number }>
export type Asked = ModuleAct & Readonly<{ settings: TokenSettings }>

const code = (act: () => unknown): string => {
  try {
    act()
    return 'CKR_OK'
  } catch (error) {
    return /CKR_\w+/.exec(String(error))?.[0] ?? String(error)
  }
}

const open = (settings: TokenSettings) => {
  const token = openToken(settings, async () => undefined)
  return { token, pairs: openPairs(token, openSignatureCounts(settings.counts)) }
}
type Opened = ReturnType<typeof open>

/** Objects of the token, by class; of one id, where it is given. */
const count = ({ token }: Opened, id: string | undefined) =>
  token.runAlone('count', async (at) => {
    const of = (value: number): number =>
      findObjects(at, [
        { type: pkcs11js.CKA_CLASS, value },
        { type: pkcs11js.CKA_TOKEN, value: true },
        ...(id === undefined ? [] : [{ type: pkcs11js.CKA_ID, value: uuidOctets(id) }]),
      ]).length
    return {
      privateKeys: of(pkcs11js.CKO_PRIVATE_KEY),
      publicKeys: of(pkcs11js.CKO_PUBLIC_KEY),
      secretKeys: of(pkcs11js.CKO_SECRET_KEY),
    }
  })

/** Key pairs that sign, under ids of ours, which the token did not make as we do. */
const plant = ({ token }: Opened, flaws: Readonly<Record<Flaw, string>>) =>
  token.runAlone('plant', async ({ module, session }) => {
    for (const flaw of ['CKA_EXTRACTABLE', 'CKA_MODIFIABLE', 'CKA_DECRYPT'] as const) {
      const { mechanism, publicKey, privateKey } = signingPair(uuidOctets(flaws[flaw]), 'planted', 'ecP256')
      const flawed = privateKey.map((part) =>
        part.type === pkcs11js[flaw] ? { ...part, value: true } : part,
      )
      await module.C_GenerateKeyPairAsync(session, { mechanism }, publicKey, flawed)
    }
    return true
  })

/** Secret keys under labels of ours, which the token did not make as we do. */
const plantSecrets = (
  { token }: Opened,
  { wrapMechanism }: TokenSettings,
  secrets: readonly PlantedSecret[],
) =>
  token.runAlone('plant', async ({ module, session }) => {
    for (const { id, label, use, flaws, value } of secrets) {
      const { mechanism, template } = secretKey(uuidOctets(id), `${use} ${label}`, { use, wrapMechanism })
      const types = flaws.map((flaw) => pkcs11js[flaw as 'CKA_EXTRACTABLE'])
      const flawed = template
        .filter(({ type }) => !(types.includes(type) && type === pkcs11js.CKA_ALLOWED_MECHANISMS))
        .map((part) => (types.includes(part.type) ? { ...part, value: part.value !== true } : part))
      if (value === undefined) module.C_GenerateKey(session, { mechanism }, flawed)
      else
        module.C_CreateObject(session, [
          ...flawed.filter(({ type }) => type !== pkcs11js.CKA_VALUE_LEN),
          { type: pkcs11js.CKA_VALUE, value: Buffer.from(value, 'hex') },
        ])
    }
    return true
  })

/** A KEK that is said to be destroyed, and found by nobody, by a module that has it still. */
const undestroyed = async ({ token }: Opened, { wrapMechanism }: TokenSettings, label: string) => {
  const honest = openSecrets(token, wrapMechanism)
  const { id } = await honest.secret({ label, use: 'escrowKek' })
  const feigned: Token = {
    ...token,
    runReopened: (act, use) =>
      token.runReopened(act, (at, sessionsClosed) => {
        let isGone = false
        const module = new Proxy(at.module, {
          get: (real, name) => {
            if (name === 'C_DestroyObject') return () => void (isGone = true)
            if (name === 'C_FindObjects' && isGone) return () => []
            const member: unknown = Reflect.get(real, name)
            return typeof member === 'function' ? (member.bind(real) as unknown) : member
          },
        })
        return use({ ...at, module }, sessionsClosed)
      }),
  }
  const asked = { id, use: 'escrowKek' } as const
  const feignedFault = await openSecrets(feigned, wrapMechanism)
    .destroySecret(asked)
    .catch((error: unknown) => error)
  const destroyed = [await honest.destroySecret(asked), await honest.destroySecret(asked)]
  return { feigned: feignedFault instanceof Error ? feignedFault.message : feignedFault, destroyed }
}

const digest = createHash('sha256').update('armed').digest()
const arm = ({ module, session }: At, key: Handle): void =>
  module.C_SignInit(session, { mechanism: pkcs11js.CKM_ECDSA }, key)
const fire = ({ module, session }: At): string =>
  code(() => module.C_Sign(session, digest, Buffer.alloc(128)))

/** A signature that was armed before its key was destroyed: by the module alone, and by us. */
const armed = async ({ token, pairs }: Opened, id: string) => {
  const other = id.replace(/^./, 'f')
  for (const each of [id, other]) await pairs.generate({ id: each, label: 'doomed', algorithm: 'ecP256' })
  const byModule = await token.runAlone('arm', async (at) => {
    const [key] = objectsOf(at, 'private', other)
    arm(at, key!)
    const second = at.module.C_OpenSession(at.module.C_GetSessionInfo(at.session).slotID, 6)
    at.module.C_DestroyObject(second, key!)
    return fire(at)
  })
  const at = await token.runAlone('arm', async (at) => {
    arm(at, objectsOf(at, 'private', id)[0]!)
    return at
  })
  const destruction = await pairs.destroy({ id })
  const again = await pairs.destroy({ id })
  const found = await pairs.find({ id })
  return { byModule, byUs: fire(at), destruction, again, isFound: found !== undefined }
}

/** Signatures while memory is collected all the time (hsm.md 1.4). */
const collect = async ({ pairs }: Opened, id: string, many: number) => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  const { spki } = await pairs.generate({ id, label: 'collected', algorithm: 'ecP256' })
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  let isDone = false
  const collecting = (): void => {
    gc()
    // Room that was freed is written over.
    Buffer.alloc(4096, 0xff)
    if (!isDone) setImmediate(collecting)
  }
  collecting()
  const one = async (_: unknown, nth: number): Promise<boolean> => {
    const text = Buffer.from(`text ${nth}`)
    const asked = { id, digest: createHash('sha256').update(text).digest(), hash: 'sha256' } as const
    return verify('sha256', text, { key, dsaEncoding: 'ieee-p1363' }, await pairs.sign(asked))
  }
  const good = await Promise.all(Array.from({ length: many }, one))
  isDone = true
  return { good: good.filter(Boolean).length }
}

const perform = async (asked: Asked): Promise<unknown> => {
  const opened = open(asked.settings)
  try {
    switch (asked.act) {
      case 'count':
        return await count(opened, asked.id)
      case 'plant':
        return await plant(opened, asked.flaws)
      case 'plantSecrets':
        return await plantSecrets(opened, asked.settings, asked.secrets)
      case 'undestroyed':
        return await undestroyed(opened, asked.settings, asked.label)
      case 'arm':
        return await armed(opened, asked.id)
      case 'collect':
        return await collect(opened, asked.id, asked.count)
    }
  } finally {
    await opened.token.close()
  }
}

process.once('message', (asked: Asked) => {
  void perform(asked)
    .catch((error: unknown) => ({ failed: String(error) }))
    .then((result) => process.send?.(result, () => process.exit()))
})
