// The authorities as a ceremony has made them, for a process that makes none: from the ledger, with their signers or without.
import { authority } from '../domain/authority.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ServiceKeys } from '../pki/custody.ts'
import { issuerOf } from '../pki/issuer.ts'
import { serviceKeyId, type Chain } from './ceremony.ts'
import { publicAuthority, type IssuingCa, type PublicAuthority } from './issuing.ts'

type Reading = Readonly<{ ledger: Pick<Ledger, 'load'>; policy: Policy }>

export type Authorities = Readonly<{ ca: PublicAuthority; rootCa: PublicAuthority }>

const found = async (
  { ledger, policy }: Reading,
  purpose: 'root' | 'ca',
): Promise<PublicAuthority | undefined> => {
  const made = (await ledger.load(serviceKey, serviceKeyId(policy, purpose, 1))).state
  const spkiSha256 = 'spkiSha256' in made ? made.spkiSha256 : undefined
  if (spkiSha256 === undefined) return undefined
  const { state } = await ledger.load(authority, spkiSha256.slice(0, 16))
  return state.status === 'unknown' ? undefined : publicAuthority(Buffer.from(state.der, 'base64'))
}

/** The certified authorities; undefined before the ceremony has ended. */
export const findAuthorities = async (reading: Reading): Promise<Authorities | undefined> => {
  const [rootCa, ca] = [await found(reading, 'root'), await found(reading, 'ca')]
  return rootCa === undefined || ca === undefined ? undefined : { rootCa, ca }
}

/** The same with who signs for them. @throws KeyFault */
export const findChain = async (
  reading: Reading,
  keys: Pick<ServiceKeys, 'signer'>,
): Promise<Chain | undefined> => {
  const authorities = await findAuthorities(reading)
  if (authorities === undefined) return undefined
  const signing = async (known: PublicAuthority, purpose: 'root' | 'ca'): Promise<IssuingCa> => {
    const signer = await keys.signer(serviceKeyId(reading.policy, purpose, 1))
    return { ...known, issuer: issuerOf(known.certificate, signer.algorithm), signer }
  }
  const rootCa = await signing(authorities.rootCa, 'root')
  return { root: rootCa.certificate, rootCa, ca: await signing(authorities.ca, 'ca') }
}
