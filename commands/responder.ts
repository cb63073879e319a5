// OCSP responder certificates: issued by the CA itself (RFC 6960 4.2.2.2, decision D8), short-lived, renewed in time with
// a new key. Generations are numbered: the newest that was issued signs the answers.
import { authority } from '../domain/authority.ts'
import { certificate } from '../domain/certificate.ts'
import { key } from '../domain/key.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { addDays, addSeconds, isAhead } from '../domain/policy/dates.ts'
import { issuanceStopped } from '../domain/policy/endOfLife.ts'
import { responderTbs } from '../pki/certificate.ts'
import { notBeforeOf } from '../pki/fields.ts'
import type { ServiceKeys } from '../pki/custody.ts'
import type { Signer } from '../pki/signer.ts'
import { ceremonyKey, serviceKeyId } from './ceremony.ts'
import { derOf, sha256, signCertificate, type IssuingCa } from './issuing.ts'
import { bindPublicKey } from './keys.ts'
import { drawSerial, perform, ProcessRefused, type Service } from './program.ts'

export type Responder = Readonly<{
  serial: string
  certificate: Uint8Array
  signer: Signer
  notAfter: string
  generation: number
}>

type Generation = Readonly<{ service: Service; keys: ServiceKeys; ca: IssuingCa; generation: number }>

/**
 * The responder that signs now; makes one where there is none, or where the newest ends within the policy's days, or was certified by a
 * clock that was ahead, and was put back since: nobody takes its answers before that time has come.
 * @param last the newest generation known; the search goes on from it
 * @throws ProcessRefused ISSUANCE_STOPPED when the authority certifies none any more and the newest has ended
 */
export const ensureResponder = async (
  service: Service,
  tools: Readonly<{ keys: ServiceKeys; ca: IssuingCa }>,
  last?: Responder,
): Promise<Responder> => {
  const current = await newestResponder(service, tools.keys, last)
  if (current !== undefined && !endsSoon(service, current) && !isForLater(service, current)) return current
  const stopped = await refusal(service, tools.ca)
  if (stopped !== undefined) return unended(service, current, stopped)
  return await make({ service, ...tools, generation: (current?.generation ?? 0) + 1 })
}

/** The newest responder that was issued, from `last` on; nothing is made. */
export const newestResponder = async (
  service: Pick<Service, 'ledger' | 'policy'>,
  keys: Pick<ServiceKeys, 'signer'>,
  last?: Responder,
): Promise<Responder | undefined> => {
  let current = last
  for (let generation = (last?.generation ?? 0) + 1; ; generation += 1) {
    const next = await made({ service, keys, generation })
    if (next === undefined) return current
    current = next
  }
}

/** CGU-80: looked for before a key is made, which nobody would certify. */
const refusal = async (service: Service, ca: IssuingCa): Promise<ProcessRefused | undefined> => {
  const { state } = await service.ledger.load(authority, ca.id)
  const stopped = issuanceStopped(state, { profile: 'ocspResponder', at: service.now() })
  if (stopped === undefined || !('refused' in stopped)) return undefined
  const { code, clause, detail } = stopped.refused
  return new ProcessRefused('PlanCertificate', code, clause, detail)
}

const unended = ({ now }: Service, current: Responder | undefined, otherwise: ProcessRefused): Responder => {
  if (current !== undefined && current.notAfter > now()) return current
  throw otherwise
}

const endsSoon = ({ policy, now }: Service, { notAfter }: Responder): boolean =>
  addDays(notAfter, -policy.ocsp.renewDaysBefore) <= now()

const isForLater = ({ now }: Service, { certificate: der }: Responder): boolean =>
  isAhead(notBeforeOf(der), now())

const keyId = ({ policy }: Pick<Service, 'policy'>, generation: number): string =>
  serviceKeyId(policy, 'ocsp', generation)

/** The generation as the ledger has it, if it was issued. */
const made = async ({
  service,
  keys,
  generation,
}: Readonly<{
  service: Pick<Service, 'ledger' | 'policy'>
  keys: Pick<ServiceKeys, 'signer'>
  generation: number
}>): Promise<Responder | undefined> => {
  const held = (await service.ledger.load(serviceKey, keyId(service, generation))).state
  if (!('copies' in held) || held.spkiSha256 === undefined) return undefined
  const bound = (await service.ledger.load(key, held.spkiSha256)).state
  if (bound.status !== 'bound') return undefined
  const issued = (await service.ledger.load(certificate, bound.serial)).state
  const der = derOf(issued)
  if (der === undefined || !('notAfter' in issued)) return undefined
  const signer = await keys.signer(keyId(service, generation))
  return { serial: bound.serial, certificate: der, signer, notAfter: issued.notAfter, generation }
}

const make = async ({ service, keys, ca, generation }: Generation): Promise<Responder> => {
  const { policy } = service
  const { algorithm } = policy.ocsp
  const { id, signer } = await ceremonyKey(service, keys, { purpose: 'ocsp', generation, algorithm })
  const spkiSha256 = sha256(signer.spki)
  const bound = (await service.ledger.load(key, spkiSha256)).state
  const serial = bound.status === 'bound' ? bound.serial : drawSerial(service.randomBytes)
  const circumstances = { correlationId: id }
  await perform(service, bindPublicKey, {
    key: `${serial}|${spkiSha256}`,
    data: { spki: spkiSha256, serial, custody: 'service', servicekey: id, algorithm },
    circumstances,
  })
  const notBefore = service.now()
  const notAfter = addSeconds(addDays(notBefore, policy.ocsp.certificateDays), -1)
  const der = await signCertificate(service, ca, {
    serial,
    profile: 'ocspResponder',
    tbs: responderTbs(policy, { serial, notBefore, notAfter, spki: signer.spki, issuer: ca.issuer }),
    plan: {
      spkiSha256,
      notBefore,
      notAfter,
      policyOid: policy.ocsp.policyOid,
      keyUsage: ['digitalSignature'],
    },
    circumstances,
  })
  return { serial, certificate: der, signer, notAfter, generation }
}
