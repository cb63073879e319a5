// CGU-21: « Une demande de certificat ne peut être effectuée que par un des acteurs ci-dessous : Le futur porteur, Un MC,
// L’AE. » CGU-31 to CGU-33: name, identification data, entity. CGU-39: the request includes escrow.
// A holder is registered by his first request: it draws his person number (docs/adr/0008).
import type { Appointment } from '../domain/appointment.ts'
import { entity, type Entity } from '../domain/entity.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import type { CardKind, Path } from '../domain/lists.ts'
import { cardRefusal, holderKindOf } from '../domain/policy/cardKind.ts'
import { causeOf, wholeHolder, type Declared, type Holder } from '../domain/policy/demand.ts'
import { mandateInForce } from '../domain/policy/mandate.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { samePerson } from '../domain/policy/person.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { foldMandate } from './mandates.ts'
import type { SubjectDigests } from '../domain/policy/subject.ts'
import { request, type Request, type RequestEvent } from '../domain/request.ts'
import { subject, type Subject } from '../domain/subject.ts'
import type { Looked } from './registers.ts'

type Requested = Extract<RequestEvent, { type: 'CertificateRequested' }>['data']

export type RequestCertificate = Command<
  'RequestCertificate',
  {
    request: string
    person: string
    /** The shell has drawn the person number for this request: it is nobody else's. */
    drawn: boolean
    holder: Declared
    entity?: string
    cardKind: CardKind
    temporaryCause?: NonNullable<Requested['temporaryCause']>
    /** What referential and directory say of the holder: the shell has looked (CGU-27 to CGU-30). */
    looked: Looked
    /** Of the name that the certificate would bear, and of whose it is; absent where the request does not say enough. */
    digests?: SubjectDigests
    /** RA: other numbers that were found to be this person's. */
    samePersonAs?: readonly string[]
    ra: string
    profile: string
    /** CGU-39: an opt-out is refused. */
    escrow: boolean
    /** MC: the appointment he acts under. */
    mandate?: string
    /** An earlier file of the same person, the newest unless another was named: the identity must match. */
    earlier?: string
  }
>

type Facts = Readonly<{
  mandate: Appointment | undefined
  earlier: Request | undefined
  entity: Entity | undefined
  subject: Subject | undefined
}>

const entitled = (command: RequestCertificate, { mandate }: Facts): Decision<never> | undefined => {
  const { by, data, at } = command
  if (by.role === 'holder')
    return by.person === data.person ? undefined : refuse('CGU-21', 'REQUESTER_NOT_ENTITLED', 'person')
  if (by.role === 'mc') {
    const use = { by, entity: data.entity ?? '', power: 'request', at } as const
    if (mandate === undefined || !mandateInForce(mandate, use))
      return refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', 'mandate')
  }
  return notForOneself(by, data.person)
}

const offered = ({ data }: RequestCertificate, policy: Policy): Decision<never> | undefined => {
  if (data.profile !== 'encryption') return refuse('CGU-10', 'PROFILE_NOT_OFFERED', data.profile)
  if (!data.escrow) return refuse('CGU-39', 'ESCROW_MANDATORY', 'escrow')
  if (!policy.ras.some(({ code }) => code === data.ra)) return refuse('CGU-33', 'REQUEST_INCOMPLETE', 'ra')
  return undefined
}

/** CGU-33: an entity that nobody has ever verified is none; whether it still is one, is judged at the validation. */
const entityMissing = ({ entity: employer }: Facts): Decision<never> | undefined =>
  employer === undefined || employer.status === 'unknown'
    ? refuse('CGU-33', 'REQUEST_INCOMPLETE', 'entity')
    : undefined

/** CGU-27 to CGU-30: which card, on which path; CGU-28: and why a temporary one. */
const cardOf = (
  { data }: RequestCertificate,
  holder: Holder,
  path: Path,
  { entity: employer }: Facts,
): Decision<never> | undefined => {
  const { kind: holderKind, surname, givenNames, matricule } = holder
  const { cardKind, looked } = data
  const applicant = {
    ...{ holderKind, cardKind, path, surname, givenNames, matricule, agent: looked.agent },
    siren: employer?.status === 'verified' ? employer.siren : undefined,
  }
  const refusal = cardRefusal(applicant)
  if (refusal) return refusal
  if (cardKind === 'temporary' && !causeOf(holderKindOf(applicant), cardKind, data.temporaryCause))
    return refuse('CGU-28', 'REQUEST_INCOMPLETE', 'temporaryCause')
  return undefined
}

export const requestCertificate = (
  policy: Policy,
): Decider<Request, RequestCertificate, RequestEvent, Facts> => ({
  type: 'RequestCertificate',
  who: ['raOfficer', 'mc', 'holder'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, { data, at }) => ({
    mandate: await foldMandate(fold, { data, at }),
    earlier: data.earlier === undefined ? undefined : await fold(request, data.earlier),
    entity: data.entity === undefined ? undefined : await fold(entity, data.entity),
    subject: data.digests === undefined ? undefined : await fold(subject, data.digests.name),
  }),
  decide: (command, state, facts) => {
    const { data, by } = command
    if (state.status !== 'unknown') return refuse('CGU-21', 'OUT_OF_ORDER', state.status)
    // CGU-22: « soit directement auprès de l’AE, soit via un Mandataire de Certification (MC) ».
    const path = by.role === 'mc' ? 'mandate' : 'direct'
    const holder = wholeHolder(data.holder)
    if (!('kind' in holder)) return holder
    return (
      entitled(command, facts) ??
      offered(command, policy) ??
      entityMissing(facts) ??
      cardOf(command, holder, path, facts) ??
      samePerson({ ...data, holder, by }, facts) ??
      accept({ type: 'CertificateRequested', data: requested(command, policy, path, holder) })
    )
  },
})

const requested = (
  { data, by }: RequestCertificate,
  policy: Policy,
  path: Path,
  { kind, ...identity }: Holder,
): Requested => {
  const { agent, readAt, inRaDirectory } = data.looked
  const holderKind = holderKindOf({ holderKind: kind, agent })
  const temporaryCause = causeOf(holderKind, data.cardKind, data.temporaryCause)
  return {
    person: data.person,
    samePersonAs: [...(data.samePersonAs ?? [])],
    kind: 'initial',
    path,
    requesterRole: by.role,
    holderKind,
    cardKind: data.cardKind,
    ...(temporaryCause === undefined ? {} : { temporaryCause }),
    inReferential: typeof agent !== 'string' && agent.active,
    inRaDirectory,
    referentialReadAt: readAt,
    ra: data.ra,
    profile: 'encryption',
    policyOid: policy.holder.policyOid,
    validityYears: policy.holder.validityYears,
    escrow: true,
    escrowYears: policy.escrow.years,
    recoverOldKeys: true,
    ...(data.earlier === undefined ? {} : { reliesOn: data.earlier }),
    ...identity,
    entity: data.entity ?? '',
    requester: by.person,
  }
}
