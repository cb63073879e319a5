// The key ceremony of the embedded profile: root, issuing CA, and the conditions of use in force. Every act is an event,
// and every act may be the last before a crash: the ceremony, held again, goes on where it stopped and changes nothing
// that was done. (regulation.md 1.6 and 2.3; CGU-13, CGU-105)
import { authority } from '../domain/authority.ts'
import type { Algorithm } from '../domain/lists.ts'
import type { Second } from '../domain/policy/dualControl.ts'
import { addYears, addSeconds } from '../domain/policy/dates.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { systemCommandId } from '../ledger/ids.ts'
import { assembleCertificate, issuingCaTbs, rootTbs } from '../pki/certificate.ts'
import type { ServiceKeys } from '../pki/custody.ts'
import { issuerOf } from '../pki/issuer.ts'
import { lintCertificate } from '../pki/lint.ts'
import type { Signer } from '../pki/signer.ts'
import { installCaCertificate, planCaCertificate, planServiceKey, recordServiceKey } from './ceremonyActs.ts'
import { adoptDocument } from './documents.ts'
import { LintRefused, rulesOf, sha256, type IssuingCa } from './issuing.ts'
import { drawSerial, perform, type Service } from './program.ts'
import { requireVerified } from './signAndRecord.ts'

/** `root` is the root's certificate, `rootCa` the root as who signs; `ca` the issuing authority. */
export type Chain = Readonly<{ root: Uint8Array; rootCa: IssuingCa; ca: IssuingCa }>

/** What each step did, for the operator who watches. */
export type Minutes = (line: string) => void

const automaticScript =
  'Cérémonie automatique : clé de l’AC racine, certificat racine, clé de l’AC émettrice, certificat de l’AC, CGU en vigueur.'

/** How a ceremony is held: by which script, in whose presence; by an officer only with a second one beside him (CGU-06). */
export type Held = Readonly<{ script: string; present: string; second?: Second }>

const automatic: Held = {
  script: automaticScript,
  present: 'profil embarqué : cérémonie automatique, sans témoin',
}

/** CGU-06: in production no key or certificate of an authority is made but by two officers. */
export class CeremonyRequired extends Error {
  override readonly name = 'CeremonyRequired'
  constructor() {
    super(
      'environment: production: the key ceremony has not been held to its end: two officers hold it, by grand-livre ceremony (CGU-06)',
    )
  }
}

/** The responder's key alone is made anew without anybody, when its certificate's end comes near. @throws CeremonyRequired */
const requireTwo = ({ policy }: Service, { second }: Held): void => {
  if (policy.environment === 'production' && second === undefined) throw new CeremonyRequired()
}

/** The id that a service key has from its purpose and generation on, before it is made. */
export const serviceKeyId = ({ log }: Pick<Policy, 'log'>, purpose: string, generation: number): string =>
  systemCommandId('ServiceKey', `${log}|${purpose}|${generation}`)

/** The service key of this purpose: generated once under a derived id, then found again. */
export const ceremonyKey = async (
  service: Service,
  keys: ServiceKeys,
  order: Readonly<{
    purpose: 'root' | 'ca' | 'ocsp' | 'log' | 'export'
    generation: number
    algorithm: Algorithm
  }>,
  held: Held = automatic,
): Promise<Key> => {
  const { script, ...witnessed } = held
  const { purpose, generation } = order
  const id = serviceKeyId(service.policy, purpose, generation)
  const state = (await service.ledger.load(serviceKey, id)).state
  if ('copies' in state) return { id, signer: await keys.signer(id) }
  const { algorithm } = order
  if (purpose !== 'ocsp' || generation === 1) requireTwo(service, held)
  const circumstances = { correlationId: id }
  await perform(service, planServiceKey, {
    key: id,
    data: { servicekey: id, purpose, algorithm, scriptSha256: sha256(script), ...witnessed },
    circumstances,
  })
  const { spki, attributes: readBack } = await keys.generate({ id, purpose, algorithm })
  const attributes = JSON.stringify({ id, purpose, algorithm, spkiSha256: sha256(spki), ...readBack })
  await perform(service, recordServiceKey, {
    key: id,
    data: {
      servicekey: id,
      spkiSha256: sha256(spki),
      module: keys.module,
      token: keys.token,
      attributesSha256: sha256(attributes),
      minutesSha256: sha256(`${script}\n${attributes}`),
      ...witnessed,
    },
    circumstances,
  })
  return { id, signer: await keys.signer(id) }
}

const issuerId = (spki: Uint8Array): string => sha256(spki).slice(0, 16)

const linted = (
  tbs: Uint8Array,
  ...rest: [Parameters<typeof lintCertificate>[1], Parameters<typeof lintCertificate>[2]]
) => {
  const findings = lintCertificate(tbs, ...rest)
  if (findings.length > 0) throw new LintRefused(rulesOf(findings))
  return tbs
}

const sign = async (tbs: Uint8Array, signer: Signer): Promise<Uint8Array> => {
  const der = assembleCertificate(tbs, signer.algorithm, await signer.sign(tbs))
  requireVerified(der, signer.spki)
  return der
}

type Installed = Readonly<{ id: string; der: Uint8Array }>
type Dates = Readonly<{ notBefore: string; notAfter: string; serial: string }>
type Key = Readonly<{ id: string; signer: Signer }>
/** `by`: the key that signs; `root`: its certificate, where it is not the certificate's own. */
type Order = Readonly<{ of: Key; by: Key; root?: Uint8Array; years: number; held: Held }>

/** What is to be signed: what stands planned, or else what `make` makes and is linted, planned now (docs/adr/0005). */
const planned = async (
  service: Service,
  { of, by, years }: Order,
  make: (dates: Dates) => Uint8Array,
): Promise<Readonly<{ tbs: Uint8Array; notAfter: string }>> => {
  const id = issuerId(of.signer.spki)
  const { state } = await service.ledger.load(authority, id)
  if (state.status === 'unknown' && state.plan !== undefined)
    return { tbs: Buffer.from(state.plan.tbs, 'base64'), notAfter: state.plan.notAfter }
  const notBefore = service.now()
  const notAfter = addSeconds(addYears(notBefore, years), -1)
  const tbs = make({ notBefore, notAfter, serial: drawSerial(service.randomBytes) })
  await perform(service, planCaCertificate, {
    key: id,
    data: {
      ...{ issuer: id, tbs: Buffer.from(tbs).toString('base64'), notAfter },
      ...{ servicekey: of.id, signer: by.id },
    },
    circumstances: { correlationId: of.id },
  })
  return { tbs, notAfter }
}

/** The certificate that stands installed for this key, or the one that is signed now. */
const install = async (
  service: Service,
  order: Order,
  make: (dates: Dates) => Uint8Array,
): Promise<Installed> => {
  const { of, by, root, held } = order
  const id = issuerId(of.signer.spki)
  const state = (await service.ledger.load(authority, id)).state
  if (state.status !== 'unknown') return { id, der: Buffer.from(state.der, 'base64') }
  requireTwo(service, held)
  const { tbs, notAfter } = await planned(service, order, make)
  const der = await sign(tbs, by.signer)
  await perform(service, installCaCertificate, {
    key: id,
    data: {
      issuer: id,
      der: Buffer.from(der).toString('base64'),
      sha256: sha256(der),
      rootSha256: sha256(root ?? der),
      ...(root === undefined ? {} : { pathLength: 0 }),
      notAfter,
      servicekey: of.id,
    },
    circumstances: { correlationId: of.id },
  })
  return { id, der }
}

/**
 * Holds the ceremony, or finds what it made.
 * @throws LintRefused when a certificate would not fit its profile; CeremonyRequired; KeyFault, LedgerFault: hold it again
 */
export const holdCeremony = async (
  service: Service,
  keys: ServiceKeys,
  minutes: Minutes,
  held: Held = automatic,
): Promise<Chain> => {
  const { policy } = service
  minutes('root key')
  const { algorithm: rootAlgorithm } = policy.root
  const root = await ceremonyKey(
    service,
    keys,
    { purpose: 'root', generation: 1, algorithm: rootAlgorithm },
    held,
  )
  minutes('root certificate')
  const rootCertificate = await install(
    service,
    { of: root, by: root, years: policy.root.validityYears, held },
    (dates) => {
      const { spki, algorithm } = root.signer
      return linted(rootTbs(policy, { ...dates, spki, algorithm }), 'root', { policy })
    },
  )
  minutes('issuing CA key')
  const { algorithm: caAlgorithm } = policy.issuing
  const ca = await ceremonyKey(service, keys, { purpose: 'ca', generation: 1, algorithm: caAlgorithm }, held)
  minutes('issuing CA certificate')
  const rootIssuer = issuerOf(rootCertificate.der, root.signer.algorithm)
  const caCertificate = await install(
    service,
    { of: ca, by: root, root: rootCertificate.der, years: policy.issuing.validityYears, held },
    (dates) => {
      const tbs = issuingCaTbs(policy, { ...dates, spki: ca.signer.spki, issuer: rootIssuer })
      return linted(tbs, 'issuingCa', { policy, issuer: rootCertificate.der })
    },
  )
  minutes('conditions of use in force')
  await perform(service, adoptDocument, {
    key: `cgu|${policy.cgu.version}`,
    data: {
      kind: 'cgu',
      version: policy.cgu.version,
      sha256: policy.cgu.sha256,
      effectiveFrom: service.now(),
      approvedBy: 'caOfficer',
    },
  })
  const issuer = issuerOf(caCertificate.der, ca.signer.algorithm)
  return {
    root: rootCertificate.der,
    rootCa: {
      id: rootCertificate.id,
      issuer: rootIssuer,
      certificate: rootCertificate.der,
      signer: root.signer,
    },
    ca: { id: caCertificate.id, issuer, certificate: caCertificate.der, signer: ca.signer },
  }
}
