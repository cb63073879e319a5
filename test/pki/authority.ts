// A chain of authorities written by the builders of pki/, with keys of node:crypto: root, issuing authority, responder.
// The policy is the shipped one, with keys that are made quickly; a test that is about RSA says so.
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
  type KeyObject,
} from 'node:crypto'
import { anyPair } from '../support/holderKeys.ts'
import { readFileSync } from 'node:fs'
import { drawSerial } from '../../commands/program.ts'
import type { Instant } from '../../domain/kernel.ts'
import { addSeconds, addYears } from '../../domain/policy/dates.ts'
import { parsePolicy, type Policy } from '../../domain/policy/policy.ts'
import {
  assembleCertificate,
  holderTbs,
  issuingCaTbs,
  responderTbs,
  rootTbs,
  type HolderPlan,
} from '../../pki/certificate.ts'
import { assembleCrl, crlTbs, type CrlPlan } from '../../pki/crl.ts'
import { issuerOf, type Issuer } from '../../pki/issuer.ts'
import type { HolderSubject } from '../../pki/name.ts'
import type { SignatureAlgorithm, Signer } from '../../pki/signer.ts'

export const started: Instant = '2026-03-02T09:00:00Z'

/** For chains that certtool verifies: it does so at the time of the machine, and at no other. */
export const today: Instant = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`

export type KeyAlgorithm = 'rsa3072' | 'rsa4096' | 'ecP256' | 'ecP384'

/** The shipped policy, of another environment or with other keys. */
export const policyWith = (
  algorithm: KeyAlgorithm = 'ecP384',
  environment: Policy['environment'] = 'test',
): Policy => {
  const file = new URL('../../domain/policy/ac-confidentialite-mef-qualifiee.json', import.meta.url)
  const shipped = JSON.parse(readFileSync(file, 'utf8')) as Policy
  return parsePolicy({
    ...shipped,
    environment,
    // Production names the key of a security officer; no certificate depends on it.
    escrow: { ...shipped.escrow, approvalAnchors: ['a'.repeat(64)] },
    root: { ...shipped.root, algorithm },
    issuing: { ...shipped.issuing, algorithm },
  })
}

const signs: Readonly<Record<KeyAlgorithm, SignatureAlgorithm>> = {
  rsa3072: 'sha256WithRSA',
  rsa4096: 'sha384WithRSA',
  ecP256: 'ecdsaWithSHA256',
  ecP384: 'ecdsaWithSHA384',
}

export type Pair = Readonly<{ publicKey: KeyObject; privateKey: KeyObject }>

export const newPair = (algorithm: KeyAlgorithm): Pair => {
  if (algorithm === 'ecP256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  if (algorithm === 'ecP384') return generateKeyPairSync('ec', { namedCurve: 'P-384' })
  const made = algorithm === 'rsa3072' ? anyPair() : undefined
  if (made === undefined)
    return generateKeyPairSync('rsa', { modulusLength: algorithm === 'rsa3072' ? 3072 : 4096 })
  return {
    publicKey: createPublicKey({ key: made.publicKey, format: 'der', type: 'spki' }),
    privateKey: createPrivateKey({ key: made.privateKey, format: 'der', type: 'pkcs8' }),
  }
}

export const spkiOf = ({ publicKey }: Pair): Uint8Array => publicKey.export({ type: 'spki', format: 'der' })

export const pkcs8Of = ({ privateKey }: Pair): Uint8Array =>
  privateKey.export({ type: 'pkcs8', format: 'der' })

export const signerOf = (pair: Pair, algorithm: KeyAlgorithm): Signer => ({
  spki: spkiOf(pair),
  algorithm: signs[algorithm],
  sign: async (tbs) =>
    sign(algorithm === 'rsa3072' || algorithm === 'ecP256' ? 'sha256' : 'sha384', tbs, pair.privateKey),
})

/** Serial numbers as the commands draw them, from a counter: the same in every run. */
export const serialOfNumber = (number: number): string =>
  drawSerial((size) => createHash('sha256').update(`serial ${number}`).digest().subarray(0, size))

export type Party = Readonly<{ certificate: Uint8Array; issuer: Issuer; signer: Signer }>

export type Holder = Readonly<{ certificate: Uint8Array; serial: string; pair: Pair }>

/** `email` null: none was collected. */
export type GivenHolder = Partial<Omit<HolderPlan, 'email'>> & Readonly<{ email?: string | null }>

export type Authority = Readonly<{
  policy: Policy
  root: Party
  ca: Party
  responder: Party
  /** A certificate for a holder; what is not said is Zoë's. */
  holder: (plan?: GivenHolder) => Promise<Holder>
  crl: (plan?: Partial<CrlPlan>) => Promise<Uint8Array>
}>

export const zoe: HolderSubject = {
  entity: { name: 'Direction générale des douanes et droits indirects', siren: '110020013' },
  surname: "D'Été-Brûlé",
  givenNames: 'Zoë Maëlle',
  nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ",
  person: '4f0e6e5c-8f0b-4b8e-9d3a-0a8f5f3c2b11',
}

/** The last second of so many civil years. */
export const yearsFrom = (from: Instant, years: number): Instant => addSeconds(addYears(from, years), -1)

export const signCertificate = async (
  tbs: Uint8Array,
  { algorithm, sign: by }: Signer,
): Promise<Uint8Array> => assembleCertificate(tbs, algorithm, await by(tbs))

export const signCrl = async (tbs: Uint8Array, { algorithm, sign: by }: Signer): Promise<Uint8Array> =>
  assembleCrl(tbs, algorithm, await by(tbs))

const partyOf = (certificate: Uint8Array, signer: Signer): Party => ({
  certificate,
  issuer: issuerOf(certificate, signer.algorithm),
  signer,
})

/** A chain that begins at `from`; holders' keys are made once, since making an RSA key takes its time. */
export const openAuthority = async (policy = policyWith(), from: Instant = started): Promise<Authority> => {
  let issued = 0
  const serial = (): string => serialOfNumber((issued += 1))
  const validity = (years: number) => ({ notBefore: from, notAfter: yearsFrom(from, years) })
  const signer = (algorithm: Policy['root']['algorithm']): Signer => signerOf(newPair(algorithm), algorithm)

  const rootSigner = signer(policy.root.algorithm)
  const rootPlan = { serial: serial(), ...validity(policy.root.validityYears), ...rootSigner }
  const root = partyOf(await signCertificate(rootTbs(policy, rootPlan), rootSigner), rootSigner)

  const caSigner = signer(policy.issuing.algorithm)
  const caPlan = { serial: serial(), ...validity(policy.issuing.validityYears), spki: caSigner.spki }
  const caTbs = issuingCaTbs(policy, { ...caPlan, issuer: root.issuer })
  const ca = partyOf(await signCertificate(caTbs, rootSigner), caSigner)

  const responderSigner = signer(policy.ocsp.algorithm)
  const days = policy.ocsp.certificateDays * 86_400
  const responderPlan = { serial: serial(), notBefore: from, notAfter: addSeconds(from, days - 1) }
  const tbs = responderTbs(policy, { ...responderPlan, spki: responderSigner.spki, issuer: ca.issuer })
  const responder = partyOf(await signCertificate(tbs, caSigner), responderSigner)

  const pair = newPair('rsa3072')
  const holder: Authority['holder'] = async ({ email = 'zoe.dete-brule@douane.example', ...given } = {}) => {
    const notBefore = given.notBefore ?? from
    const plan: HolderPlan = {
      serial: serial(),
      notBefore,
      notAfter: yearsFrom(notBefore, policy.holder.validityYears),
      spki: spkiOf(pair),
      issuer: ca.issuer,
      subject: zoe,
      ...(email === null ? {} : { email }),
      ...given,
    }
    return {
      certificate: await signCertificate(holderTbs(policy, plan), caSigner),
      serial: plan.serial,
      pair,
    }
  }
  const crl: Authority['crl'] = async (given = {}) => {
    const nextUpdate = addSeconds(from, policy.crl.validityHours * 3600)
    const plan = { issuer: ca.issuer, number: 1, thisUpdate: from, nextUpdate, entries: [], ...given }
    return signCrl(crlTbs(plan), plan.issuer === root.issuer ? rootSigner : caSigner)
  }
  return { policy, root, ca, responder, holder, crl }
}
