// One certificate: planned on an escrowed key, signed, presented, accepted or refused.
// CGU-36: « Le certificat généré à l’issue de la personnalisation du dispositif matériel est présenté au porteur pour
// validation de son contenu. » CGU-37: « L’acceptation du certificat par le porteur est recueillie par un bouton « Valider ». »
import { authority, type Authority } from '../domain/authority.ts'
import { certificate, type Certificate, type CertificateEvent } from '../domain/certificate.ts'
import { document, type Document } from '../domain/document.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { key, type Key } from '../domain/key.ts'
import type { AbandonCause } from '../domain/lists.ts'
import { addSeconds } from '../domain/policy/dates.ts'
import { issuanceStopped } from '../domain/policy/endOfLife.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { qualificationLapsed } from '../domain/policy/qualification.ts'
import { notAfterOf } from '../domain/policy/validity.ts'

type Data<T extends CertificateEvent['type']> = Extract<CertificateEvent, { type: T }>['data']
type Of<T> = { serial: string } & T

export type PlanCertificate = Command<'PlanCertificate', Of<Data<'CertificatePlanned'>>>
export type RecordCertificate = Command<'RecordCertificate', Of<Data<'CertificateIssued'>>>
export type AbandonCertificate = Command<
  'AbandonCertificate',
  Of<{ cause: AbandonCause; findings: readonly string[]; maybeSigned: boolean }>
>
export type AcceptCertificate = Command<
  'AcceptCertificate',
  Of<{ presentedSha256: string; presentedAt: string }>
>
export type RefuseCertificate = Command<
  'RefuseCertificate',
  Of<{ presentedSha256: string; presentedAt: string; cause: 'contentWrong' | 'noAnswer'; note?: string }>
>

const stream = ({ data }: { data: { serial: string } }): string => data.serial

type Facts = Readonly<{ key: Key; authority: Authority; qualification: Document }>
type Live = Extract<Certificate, { signature: string }>

/** CGU-38: « toute demande de certificat de chiffrement intègre systématiquement un séquestre de la clé de déchiffrement ». */
const unescrowed = ({ data }: PlanCertificate, held: Key): Decision<never> | undefined => {
  const ready =
    data.profile === 'encryption'
      ? held.status === 'kept' && data.escrowEvent !== undefined
      : held.status === 'bound' && held.custody === 'service'
  return ready && 'serial' in held && held.serial === data.serial
    ? undefined
    : refuse('CGU-38', 'KEY_NOT_ESCROWED', data.spkiSha256)
}

const wrongValidity = (
  { data }: PlanCertificate,
  issuer: Authority,
  policy: Policy,
): Decision<never> | undefined => {
  const within = 'notAfter' in issuer && data.notAfter <= issuer.notAfter
  const term =
    data.profile !== 'encryption' || data.notAfter === notAfterOf(data.notBefore, policy.holder.validityYears)
  return within && term && data.notBefore < data.notAfter
    ? undefined
    : refuse('CGU-18', 'VALIDITY_WRONG', data.notAfter)
}

export const planCertificate = (
  policy: Policy,
): Decider<Certificate, PlanCertificate, CertificateEvent, Facts> => ({
  type: 'PlanCertificate',
  who: ['program'],
  aggregate: certificate,
  stream,
  facts: async (fold, { data }) => ({
    key: await fold(key, data.spkiSha256),
    authority: await fold(authority, data.issuer),
    qualification: await fold(document, 'qualification'),
  }),
  decide: (command, state, facts) => {
    const { serial: _, ...data } = command.data
    if (state.status === 'planned') return accept()
    if (state.status !== 'unknown') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    return (
      issuanceStopped(facts.authority, { profile: data.profile, at: command.at }) ??
      unescrowed(command, facts.key) ??
      wrongValidity(command, facts.authority, policy) ??
      // A responder goes on saying what has become of the certificates that there are.
      (data.profile === 'encryption' ? qualificationLapsed(facts.qualification, command.at) : undefined) ??
      accept({ type: 'CertificatePlanned', data })
    )
  },
})

export const recordCertificate: Decider<Certificate, RecordCertificate, CertificateEvent> = {
  type: 'RecordCertificate',
  who: ['program'],
  aggregate: certificate,
  stream,
  decide: ({ data: { serial: _, ...data } }, state) => {
    if (state.status === 'planned') return accept({ type: 'CertificateIssued', data })
    return 'signature' in state ? accept() : refuse('CGU-34', 'OUT_OF_ORDER', state.status)
  },
}

/** Final: what was planned and may have been signed goes on the CRL; nothing is ever issued under this serial. */
export const abandonCertificate: Decider<Certificate, AbandonCertificate, CertificateEvent> = {
  type: 'AbandonCertificate',
  who: ['program'],
  aggregate: certificate,
  stream,
  decide: ({ data: { serial: _, findings, ...data } }, state) => {
    if (state.status === 'abandoned') return accept()
    if ('signature' in state) return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'CertificateAbandoned', data: { ...data, findings: [...findings] } })
  },
}

const answered = (
  command: AcceptCertificate | RefuseCertificate,
  state: Certificate,
): Decision<never> | undefined => {
  const { data, by } = command
  if (!('signature' in state)) return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', data.serial)
  if (by.role === 'holder' && state.person !== by.person)
    return refuse('CGU-37', 'ACCEPTANCE_HOLDER_ONLY', by.role)
  if (data.presentedSha256 !== state.certSha256) return refuse('CGU-36', 'CONTENT_DIFFERS', 'presentedSha256')
  return undefined
}

export const acceptCertificate: Decider<Certificate, AcceptCertificate, CertificateEvent> = {
  type: 'AcceptCertificate',
  who: ['holder'],
  aggregate: certificate,
  stream,
  decide: (command, state) => {
    const refusal = answered(command, state)
    if (refusal) return refusal
    if (state.status === 'accepted') return accept()
    if (state.status !== 'issued') return refuse('CGU-37', 'OUT_OF_ORDER', state.status)
    const { presentedSha256, presentedAt } = command.data
    return accept({ type: 'CertificateAccepted', data: { presentedSha256, presentedAt, action: 'Valider' } })
  },
}

/** CGU-37: only its holder judges the content; that he has not answered in time is for the program to say, and not earlier. */
const notForHim = (
  { data, by, at }: RefuseCertificate,
  state: Live,
  policy: Policy,
): Decision<never> | undefined => {
  const answers = data.cause === 'contentWrong'
  if (answers !== (by.role === 'holder')) return refuse('CGU-37', 'ACCEPTANCE_HOLDER_ONLY', by.role)
  const term = addSeconds(state.notBefore, policy.request.acceptanceMinutes * 60)
  return answers || term <= at ? undefined : refuse('CGU-37', 'OUT_OF_ORDER', 'acceptanceMinutes')
}

export const refuseCertificate = (
  policy: Policy,
): Decider<Certificate, RefuseCertificate, CertificateEvent> => ({
  type: 'RefuseCertificate',
  who: ['holder', 'program'],
  aggregate: certificate,
  stream,
  decide: (command, state) => {
    const refusal = answered(command, state)
    if (refusal) return refusal
    if (state.status === 'refused') return accept()
    if (state.status !== 'issued') return refuse('CGU-37', 'OUT_OF_ORDER', state.status)
    const { serial: _, ...data } = command.data
    return notForHim(command, state, policy) ?? accept({ type: 'CertificateRefused', data })
  },
})
