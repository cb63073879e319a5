// CGU-21: « Une demande de certificat ne peut être effectuée que par un des acteurs ci-dessous : Le futur porteur, Un MC,
// L’AE. » CGU-31 to CGU-33: name, identification data, entity. CGU-39: the request includes escrow.
// A holder is registered by his first request: it draws his person number (docs/adr/0008).
import { appointment, type Appointment } from '../domain/appointment.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import type { CardKind, HolderKind } from '../domain/lists.ts'
import { cardRefusal } from '../domain/policy/cardKind.ts'
import { mandateInForce } from '../domain/policy/mandate.ts'
import { sameName } from '../domain/policy/names.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import type { Identity } from '../domain/identity.ts'
import { request, type Request, type RequestEvent } from '../domain/request.ts'

type Requested = Extract<RequestEvent, { type: 'CertificateRequested' }>['data']

export type RequestCertificate = Command<
  'RequestCertificate',
  {
    request: string
    person: string
    /** The shell has drawn the person number for this request: it is nobody else's. */
    drawn: boolean
    holder: Readonly<{
      kind: HolderKind
      surname: string
      givenNames: string
      nameInCertificate: string
      email: string
      matricule?: string
      service?: string
    }>
    entity: string
    cardKind: CardKind
    temporaryCause?: NonNullable<Requested['temporaryCause']>
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

type Facts = Readonly<{ mandate: Appointment | undefined; earlier: Request | undefined }>

const entitled = (command: RequestCertificate, { mandate }: Facts): Decision<never> | undefined => {
  const { by, data, at } = command
  if (by.role === 'holder')
    return by.person === data.person ? undefined : refuse('CGU-21', 'REQUESTER_NOT_ENTITLED', 'person')
  if (by.role === 'mc') {
    const use = { by, entity: data.entity, power: 'request', at } as const
    if (mandate === undefined || !mandateInForce(mandate, use))
      return refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', 'mandate')
  }
  return notForOneself(by, data.person)
}

/** events.md section 1: a number is used again only for the identity that is sealed under it. */
const samePerson = ({ data, by }: RequestCertificate, earlier: Request | undefined): boolean => {
  // Without a file: a number drawn just now, or the holder's own, which his account names, at his first request.
  if (data.earlier === undefined) return data.drawn || by.role === 'holder'
  if (earlier === undefined || earlier.status === 'unknown' || earlier.person !== data.person) return false
  return earlier.identity !== undefined && sameIdentity(earlier.identity, data.holder)
}

const sameIdentity = (known: Identity, holder: RequestCertificate['data']['holder']): boolean =>
  sameName(`${known.surname} ${known.givenNames}`, `${holder.surname} ${holder.givenNames}`) &&
  (known.matricule ?? holder.matricule) === (holder.matricule ?? known.matricule)

const offered = ({ data }: RequestCertificate, policy: Policy): Decision<never> | undefined => {
  if (data.profile !== 'encryption') return refuse('CGU-10', 'PROFILE_NOT_OFFERED', data.profile)
  if (!data.escrow) return refuse('CGU-39', 'ESCROW_MANDATORY', 'escrow')
  if (!policy.ras.some(({ code }) => code === data.ra)) return refuse('CGU-33', 'REQUEST_INCOMPLETE', 'ra')
  return undefined
}

export const requestCertificate = (
  policy: Policy,
): Decider<Request, RequestCertificate, RequestEvent, Facts> => ({
  type: 'RequestCertificate',
  who: ['raOfficer', 'mc', 'holder'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, { data }) => ({
    mandate: data.mandate === undefined ? undefined : await fold(appointment, data.mandate),
    earlier: data.earlier === undefined ? undefined : await fold(request, data.earlier),
  }),
  decide: (command, state, facts) => {
    const { data, by } = command
    if (state.status !== 'unknown') return refuse('CGU-21', 'OUT_OF_ORDER', state.status)
    const path = by.role === 'mc' ? 'mandate' : 'direct'
    const { kind, matricule } = data.holder
    const refusal =
      entitled(command, facts) ??
      offered(command, policy) ??
      cardRefusal({ holderKind: kind, cardKind: data.cardKind, path, matricule })
    if (refusal) return refusal
    if (!samePerson(command, facts.earlier)) return refuse('CGU-04', 'PERSON_MISMATCH', 'holder')
    return accept({ type: 'CertificateRequested', data: requested(command, policy, path) })
  },
})

const requested = (
  { data, by, at }: RequestCertificate,
  policy: Policy,
  path: 'direct' | 'mandate',
): Requested => {
  const { kind, ...identity } = data.holder
  return {
    person: data.person,
    samePersonAs: [],
    kind: 'initial',
    path,
    requesterRole: by.role,
    holderKind: kind,
    cardKind: data.cardKind,
    ...(data.temporaryCause === undefined ? {} : { temporaryCause: data.temporaryCause }),
    inReferential: kind === 'agent',
    inRaDirectory: false,
    referentialReadAt: at,
    ra: data.ra,
    profile: 'encryption',
    policyOid: policy.holder.policyOid,
    validityYears: policy.holder.validityYears,
    escrow: true,
    escrowYears: policy.escrow.years,
    recoverOldKeys: true,
    ...(data.earlier === undefined ? {} : { reliesOn: data.earlier }),
    ...identity,
    entity: data.entity,
    requester: by.person,
  }
}
