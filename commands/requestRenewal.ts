// CGU-54 to CGU-60: the holder asks that his certificate be followed by a new one. He accepts the CGU explicitly as he does
// (CGU-20). Alone, he has signed in with the certificate of the sibling authority: what was found about it comes with the
// order, from the shell, and whose it is is judged here.
import { authority, type Authority } from '../domain/authority.ts'
import { certificate, type Certificate } from '../domain/certificate.ts'
import { document, inForce, type Document } from '../domain/document.ts'
import type { Identity } from '../domain/identity.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { issuanceStopped } from '../domain/policy/endOfLife.ts'
import { marked, type Policy } from '../domain/policy/policy.ts'
import {
  fullyIdentified,
  notRenewable,
  notYetOpen,
  renews,
  samePersonAs,
  type Shown,
} from '../domain/policy/renewal.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'

type Data<T extends RequestEvent['type']> = Extract<RequestEvent, { type: T }>['data']

/** CGU-58: the certificate that he has signed in with, found valid at `checkedAt`; or what is wrong with it. */
export type SignedIn =
  | Readonly<{ fault: string }>
  | Readonly<{
      shown: Shown
      /** Its serial number and its issuer. */
      named: string
      /** Base64. */
      der: string
      /** SHA-256 of the revocation list that it was looked up in. */
      statusSha256: string
      checkedAt: string
      /** The program, which has checked it. */
      verifier: string
    }>

export type RequestRenewal = Command<
  'RequestRenewal',
  {
    request: string
    /** Serial number of the certificate to be followed. */
    previous: string
    /** Requests that name it already, as far as the shell could see. */
    rivals: readonly string[]
    /** The authority that is to issue. */
    issuer: string
    /** CGU-27: the agent is still in the referential, as the shell has looked up today. */
    inReferential: boolean
    cguVersion: string
    directoryAgreed: boolean
    /** CGU-57: what he declares to have changed; nothing, when it is left out. */
    changes?: Partial<
      Pick<Identity, 'surname' | 'givenNames' | 'nameInCertificate' | 'email' | 'service' | 'entity'>
    >
    alone?: SignedIn
  }
>

type Facts = Readonly<{
  previous: Certificate
  file: Request
  cgu: Document
  authority: Authority
  rivals: readonly Request[]
}>

/** The file that the certificate was issued on, as long as it is kept. */
type Known = RequestFile & Readonly<{ id: string; identity: Identity }>

const knownOf = ({ previous, file }: Facts): Known | undefined => {
  if (file.status === 'unknown' || file.identity === undefined) return undefined
  const id = 'request' in previous ? previous.request : undefined
  return id === undefined ? undefined : { ...file, id, identity: file.identity }
}

/** CGU-55, CGU-56: whether this certificate may be followed at all, by him who asks. */
const notOpen = (
  { data, by, at }: RequestRenewal,
  { previous, authority: issuer, rivals }: Facts,
  policy: Policy,
): Decision<never> | undefined => {
  if (by.role !== 'holder') return refuse('CGU-55', 'RENEWAL_HOLDER_ONLY', by.role)
  if (!('signature' in previous)) return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', 'previous')
  if (previous.person !== by.person) return refuse('CGU-55', 'RENEWAL_HOLDER_ONLY', 'person')
  if (previous.cardKind !== 'agent') return refuse('CGU-56', 'RENEWAL_AGENT_CARD_ONLY', 'cardKind')
  return (
    issuanceStopped(issuer, { profile: 'encryption', at }) ??
    notRenewable(previous, at) ??
    (rivals.some((rival) => renews(rival, data.previous))
      ? refuse('CGU-55', 'RENEWAL_ALREADY_OPEN', 'previous')
      : notYetOpen(previous.notAfter, at, policy.renewal.opensDaysBefore))
  )
}

/** CGU-58: signed in, as himself, with a certificate that holds; and only where light identification is enough. */
const notAlone = (
  { data: { alone, changes } }: RequestRenewal,
  previous: Certificate,
  { identity, person }: Known,
  policy: Policy,
): Decision<never> | undefined => {
  if (alone === undefined) return undefined
  const refusal = fullyIdentified(previous, changes === undefined)
  if (refusal) return refusal
  if ('fault' in alone) return refuse('CGU-58', 'AUTH_CERTIFICATE_NOT_VALID', alone.fault)
  return samePersonAs(alone.shown, { identity, person }, (name) => marked(policy, name))
    ? undefined
    : refuse('CGU-58', 'AUTH_CERTIFICATE_NOT_VALID', 'otherPerson')
}

const renewed = (
  { data, by, at }: RequestRenewal,
  file: Known,
  policy: Policy,
): Data<'CertificateRequested'> => {
  const { matricule, birth, service, ...names } = { ...file.identity, ...data.changes }
  return {
    person: file.person,
    samePersonAs: [...file.samePersonAs],
    kind: 'renewal',
    path: 'direct',
    requesterRole: by.role,
    holderKind: file.holderKind,
    cardKind: 'agent',
    inReferential: data.inReferential,
    inRaDirectory: false,
    referentialReadAt: at,
    ra: file.ra,
    profile: 'encryption',
    policyOid: policy.holder.policyOid,
    validityYears: policy.holder.validityYears,
    escrow: true,
    escrowYears: policy.escrow.years,
    recoverOldKeys: true,
    previous: data.previous,
    reliesOn: file.id,
    ...names,
    ...(matricule === undefined ? {} : { matricule }),
    ...(birth === undefined ? {} : { birth }),
    ...(service === undefined ? {} : { service }),
    requester: by.person,
  }
}

const consented = ({ data }: RequestRenewal, cguSha256: string): Data<'CguAccepted'> => ({
  cguVersion: data.cguVersion,
  cguSha256,
  means: 'portal',
  escrowAsked: true,
  oldKeyRecoveryAsked: true,
  dataDeclaredAccurate: true,
  identityUnchanged: data.changes === undefined,
  directoryAgreed: data.directoryAgreed,
})

const identified = (alone: SignedIn | undefined): readonly RequestEvent[] =>
  alone === undefined || 'fault' in alone
    ? []
    : [
        {
          type: 'IdentityVerified',
          data: {
            verifierRole: 'program',
            level: 'light',
            method: 'authCertificate',
            // CGU-04: he is in the referential, under an entity that the validation judges, and nothing has changed.
            entityTieChecked: true,
            authStatusSha256: alone.statusSha256,
            authCheckedAt: alone.checkedAt,
            authCertificate: alone.named,
            authCertificateDer: alone.der,
            verifier: alone.verifier,
          },
        },
      ]

export const requestRenewal = (policy: Policy): Decider<Request, RequestRenewal, RequestEvent, Facts> => ({
  type: 'RequestRenewal',
  // Certification agents and officers get as far as the reason why it is not theirs to ask (CGU-55).
  who: ['holder', 'mc', 'raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, { data }) => {
    const previous = await fold(certificate, data.previous)
    const reliesOn = 'request' in previous ? previous.request : undefined
    const rivals: Request[] = []
    for (const rival of data.rivals) rivals.push(await fold(request, rival))
    return {
      previous,
      file: reliesOn === undefined ? request.initial : await fold(request, reliesOn),
      cgu: await fold(document, 'cgu'),
      authority: await fold(authority, data.issuer),
      rivals,
    }
  },
  decide: (command, state, facts) => {
    const { data, at } = command
    if (state.status !== 'unknown') return refuse('CGU-55', 'OUT_OF_ORDER', state.status)
    const refusal = notOpen(command, facts, policy)
    if (refusal) return refusal
    if (!data.inReferential) return refuse('CGU-27', 'AGENT_CARD_NOT_ALLOWED', 'referential')
    const file = knownOf(facts)
    if (file === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'holder')
    const current = inForce(facts.cgu, at)
    if (current?.version !== data.cguVersion) return refuse('CGU-19', 'CGU_NOT_CURRENT', data.cguVersion)
    return (
      notAlone(command, facts.previous, file, policy) ??
      accept<RequestEvent>(
        { type: 'CertificateRequested', data: renewed(command, file, policy) },
        { type: 'CguAccepted', data: consented(command, current.sha256) },
        ...identified(data.alone),
      )
    )
  },
})
