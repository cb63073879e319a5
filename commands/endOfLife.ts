// The end of the authority's life, as its officers decide it: each command of the procedure on the authority's own stream, in
// the order of domain/policy/endOfLife.ts.
// CGU-80: « cessation d'activité totale ». CGU-91: « Révoque son certificat ».
import { authority, type Authority, type AuthorityEvent } from '../domain/authority.ts'
import { crl, type Crl } from '../domain/crl.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Fold } from '../domain/kernel.ts'
import { finalAnswersOf, ocsp, type Ocsp } from '../domain/ocsp.ts'
import { alone, keyHolders, presentAt, type Second } from '../domain/policy/dualControl.ts'
import {
  escrowMissing,
  finalAnswersMissing,
  lastCrlMissing,
  noticeTooShort,
  notYetToRevoke,
  obligationsMissing,
  stillValid,
  type Count,
} from '../domain/policy/endOfLife.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { serviceKey, type ServiceKey } from '../domain/serviceKey.ts'

type Data<T extends AuthorityEvent['type']> = Extract<AuthorityEvent, { type: T }>['data']
type Of<T> = { issuer: string } & T

export type StopIssuance = Command<'StopIssuance', Of<Data<'IssuanceStopped'>>>
export type ResumeIssuance = Command<'ResumeIssuance', Of<Data<'IssuanceResumed'>>>
export type DeclareTermination = Command<'DeclareTermination', Of<Data<'TerminationDeclared'>>>
export type CompleteRevocations = Command<
  'CompleteRevocations',
  Of<
    Count & {
      /** Holders, certification agents and entities that have not been told of the end, and whom nobody has waived. */
      untold: number
    }
  >
>
export type TransferObligations = Command<
  'TransferObligations',
  Of<
    Data<'ObligationsTransferred'> & {
      /** Number of the last list, as the read model knows it; the ledger says whether it is one. */
      lastCrl: number
    }
  >
>
export type PlanCaRevocation = Command<
  'PlanCaRevocation',
  Of<Omit<Data<'CaRevocationPlanned'>, 'present'> & { present: string; second?: Second }>
>
export type RecordCaRevocation = Command<'RecordCaRevocation', Of<Data<'CaCertificateRevoked'>>>

const onAuthority = {
  aggregate: authority,
  stream: ({ data }: { data: { issuer: string } }) => data.issuer,
}

/** Nobody ends what was never installed, nor the root, which has other authorities under it. */
const noneToEnd = (state: Authority): Decision<never> | undefined =>
  state.status === 'unknown' || state.root ? refuse('CGU-80', 'OUT_OF_ORDER', state.status) : undefined

/** After the declaration the stop is for good. To stop is never too early; a stop that is to end the authority needs its deed. */
export const stopIssuance: Decider<Authority, StopIssuance, AuthorityEvent> = {
  ...onAuthority,
  type: 'StopIssuance',
  who: ['caOfficer', 'securityOfficer'],
  decide: ({ data: { cause } }, state) => {
    const none = noneToEnd(state)
    if (none) return none
    if (state.status === 'active' && cause === 'termination')
      return refuse('CGU-80', 'OUT_OF_ORDER', state.status)
    return state.status === 'active' || state.status === 'terminating'
      ? accept({ type: 'IssuanceStopped', data: { cause } })
      : accept()
  },
}

export const resumeIssuance: Decider<Authority, ResumeIssuance, AuthorityEvent> = {
  ...onAuthority,
  type: 'ResumeIssuance',
  who: ['caOfficer'],
  decide: ({ data: { issuer: _, ...data } }, state) => {
    if (state.status === 'active') return accept()
    return state.status === 'stopped'
      ? accept({ type: 'IssuanceResumed', data })
      : refuse('CGU-80', 'OUT_OF_ORDER', state.status)
  },
}

export const declareTermination = (
  policy: Policy,
): Decider<Authority, DeclareTermination, AuthorityEvent> => ({
  ...onAuthority,
  type: 'DeclareTermination',
  who: ['caOfficer'],
  decide: ({ data: { issuer: _, ...data }, at }, state) => {
    const none = noneToEnd(state)
    if (none) return none
    if (state.status !== 'active' && state.status !== 'stopped')
      return refuse('CGU-80', 'OUT_OF_ORDER', state.status)
    return noticeTooShort(data.ceasesOn, at, policy.termination.noticeMonths)
      ? refuse('CGU-81', 'PARAMETER_OUT_OF_BOUNDS', 'ceasesOn')
      : accept({ type: 'TerminationDeclared', data })
  },
})

export const completeRevocations: Decider<Authority, CompleteRevocations, AuthorityEvent> = {
  ...onAuthority,
  type: 'CompleteRevocations',
  who: ['program'],
  decide: ({ data, at }, state) => {
    if ('issued' in state) return accept()
    const early = notYetToRevoke(state, at)
    if (early) return early
    if (data.untold > 0) return refuse('CGU-84', 'OUT_OF_ORDER', `${data.untold} not told`)
    const { upTo, issued, expired, revoked, abandoned } = data
    return (
      stillValid(data) ??
      accept({ type: 'RevocationsCompleted', data: { upTo, issued, expired, revoked, abandoned } })
    )
  },
}

/** What is handed over is finished: the last list is published and every last answer signed. */
export type Finished = Readonly<{ list: Crl; answers: Ocsp }>

export const foldFinished = async (fold: Fold, issuer: string, lastCrl: number): Promise<Finished> => ({
  list: await fold(crl, `${issuer}-${lastCrl}`),
  answers: await fold(ocsp, finalAnswersOf(issuer)),
})

/** The refusal that what is not finished meets, if any. */
export const unfinished = ({ list, answers }: Finished): Decision<never> | undefined =>
  lastCrlMissing(list) ?? finalAnswersMissing(answers)

export const transferObligations: Decider<Authority, TransferObligations, AuthorityEvent, Finished> = {
  ...onAuthority,
  type: 'TransferObligations',
  who: ['caOfficer'],
  facts: (fold, { data }) => foldFinished(fold, data.issuer, data.lastCrl),
  decide: ({ data: { issuer: _, lastCrl: __, ...data } }, state, finished) => {
    if (state.status === 'transferred' || state.status === 'revoked') return accept()
    if (state.status !== 'emptied') return refuse('CGU-82', 'OUT_OF_ORDER', state.status)
    return (
      unfinished(finished) ??
      obligationsMissing(data.obligations) ??
      escrowMissing(state) ??
      accept({ type: 'ObligationsTransferred', data })
    )
  },
}

/** CGU-91: nothing is revoked while its key can still sign, nor before somebody else has taken over what remains. */
const notYetToEnd = (state: Authority, key: ServiceKey | undefined): Decision<never> | undefined => {
  if (key?.status !== 'destroyed')
    return refuse('CGU-90', 'CA_KEY_NOT_DESTROYED', key?.status ?? state.status)
  return state.status === 'transferred' ? undefined : refuse('CGU-91', 'OUT_OF_ORDER', state.status)
}

const keyOf = async (fold: Fold, state: Authority): Promise<ServiceKey | undefined> =>
  state.status === 'unknown' ? undefined : await fold(serviceKey, state.servicekey)

/** In a ceremony of the root, by two officers; from here on the root's lists have it. */
export const planCaRevocation: Decider<Authority, PlanCaRevocation, AuthorityEvent, ServiceKey | undefined> =
  {
    ...onAuthority,
    type: 'PlanCaRevocation',
    who: keyHolders,
    facts: (fold, _, state) => keyOf(fold, state),
    decide: ({ data: { issuer: _, second, ...data }, by }, state, key) => {
      const single = alone(by, second)
      if (single) return single
      if (state.status === 'revoked' || revocationOf(state) !== undefined) return accept()
      return (
        notYetToEnd(state, key) ??
        accept({
          type: 'CaRevocationPlanned',
          data: { ...data, present: presentAt(by, second, data.present) },
        })
      )
    },
  }

const revocationOf = (state: Authority) => ('revocation' in state ? state.revocation : undefined)

type Listed = Readonly<{ key: ServiceKey | undefined; list: Crl | undefined }>

/** What was planned here is recorded with the root's list that has it; a root that is elsewhere says so by its officer. */
const isAnother = (
  { revokedAt, arlSha256 }: Data<'CaCertificateRevoked'>,
  state: Authority,
  { list }: Listed,
): boolean => {
  const planned = revocationOf(state)
  if (planned === undefined) return false
  const sha256 = list !== undefined && 'sha256' in list ? list.sha256 : undefined
  return planned.revokedAt !== revokedAt || sha256 !== arlSha256
}

/** Only the root can revoke the authority; here is recorded that it did, in which of its lists. */
export const recordCaRevocation: Decider<Authority, RecordCaRevocation, AuthorityEvent, Listed> = {
  ...onAuthority,
  type: 'RecordCaRevocation',
  who: keyHolders,
  facts: async (fold, { data }, state) => {
    const root = revocationOf(state)?.root
    return {
      key: await keyOf(fold, state),
      list: root === undefined ? undefined : await fold(crl, `${root}-${data.arlNumber}`),
    }
  },
  decide: ({ data: { issuer: _, ...data } }, state, listed) => {
    if (state.status === 'revoked') return accept()
    if (isAnother(data, state, listed)) return refuse('CGU-91', 'OUT_OF_ORDER', `list ${data.arlNumber}`)
    return notYetToEnd(state, listed.key) ?? accept({ type: 'CaCertificateRevoked', data })
  },
}
