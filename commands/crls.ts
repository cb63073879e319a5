// CGU-05: « Liste des numéros de certificats ayant fait l’objet d’une révocation. La LCR est signée par l’autorité de
// certification ». Numbers rise by one without a gap (RGS A4 III.2): the stream's name is the lock.
// CGU-86, CGU-87: the last one covers the revocation of all, has no end, and nothing follows it.
import { authority, type Authority } from '../domain/authority.ts'
import { crl, type Crl, type CrlEvent } from '../domain/crl.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { endOfTime, stillValid, type Count } from '../domain/policy/endOfLife.ts'
import type { Policy } from '../domain/policy/policy.ts'

type Data<T extends CrlEvent['type']> = Extract<CrlEvent, { type: T }>['data']
type Of<T> = { issuer: string; number: number } & T

export type PlanCrl = Command<
  'PlanCrl',
  Of<
    Omit<Data<'CrlPlanned'>, 'previousSha256'> & {
      /** The last list: what was counted again at its `upTo`. */
      count?: Count
    }
  >
>
export type RecordCrl = Command<'RecordCrl', Of<Data<'CrlIssued'>>>
export type RecordCrlPublication = Command<'RecordCrlPublication', Of<Data<'CrlPublished'>>>
export type RejectCrlPlan = Command<'RejectCrlPlan', Of<Data<'CrlPlanRejected'>>>

const stream = ({ data }: { data: { issuer: string; number: number } }): string =>
  `${data.issuer}-${data.number}`

type Facts = Readonly<{ previous: Crl | undefined; authority: Authority }>

/** CGU-85 to CGU-87: the last list needs everything revoked, at a size that covers it; only it has no end. */
const wrongLast = ({ data }: PlanCrl, issuer: Authority): Decision<never> | undefined => {
  if ((data.nextUpdate === endOfTime) !== data.last) return refuse('CGU-87', 'OUT_OF_ORDER', data.nextUpdate)
  if (!data.last) return undefined
  if (!('issued' in issuer) || data.upTo < issuer.upTo || data.count === undefined)
    return refuse('CGU-85', 'CERTIFICATES_STILL_VALID', issuer.status)
  return stillValid(data.count)
}

type Issued = Extract<Crl, { sha256: string }>

const issuedOf = (list: Crl | undefined): Issued | undefined =>
  list !== undefined && 'sha256' in list ? list : undefined

/** The number is that of the predecessor and one, it covers no less of the ledger, and the predecessor is not the last. */
const notNext = (
  { data: { number, upTo } }: PlanCrl,
  previous: Issued | undefined,
): Decision<never> | undefined => {
  if (previous?.last === true) return refuse('CGU-87', 'CRL_SERIES_ENDED', String(number))
  const follows = previous === undefined ? number === 1 : upTo >= previous.upTo
  return follows ? undefined : refuse('CGU-05', 'CRL_NUMBER_NOT_NEXT', String(number))
}

export const planCrl: Decider<Crl, PlanCrl, CrlEvent, Facts> = {
  type: 'PlanCrl',
  who: ['program', 'caOfficer'],
  aggregate: crl,
  stream,
  facts: async (fold, { data: { issuer, number } }) => ({
    previous: number === 1 ? undefined : await fold(crl, `${issuer}-${number - 1}`),
    authority: await fold(authority, issuer),
  }),
  decide: (command, state, { previous, authority: signs }) => {
    const { issuer: _, number, count: __, ...plan } = command.data
    if (state.status !== 'none')
      return state.last === plan.last ? accept() : refuse('CGU-05', 'CRL_NUMBER_NOT_NEXT', String(number))
    const issued = issuedOf(previous)
    const before = issued === undefined ? {} : { previousSha256: issued.sha256 }
    return (
      notNext(command, issued) ??
      wrongLast(command, signs) ??
      accept({ type: 'CrlPlanned', data: { ...plan, ...before } })
    )
  },
}

export const recordCrl: Decider<Crl, RecordCrl, CrlEvent> = {
  type: 'RecordCrl',
  who: ['program'],
  aggregate: crl,
  stream,
  decide: ({ data: { issuer: _, number, ...data } }, state) => {
    if ('sha256' in state) return accept()
    if (state.status !== 'planned') return refuse('CGU-05', 'OUT_OF_ORDER', String(number))
    return accept({ type: 'CrlIssued', data })
  },
}

/** The lints found a fault: nothing was signed, and the same number is planned anew. */
export const rejectCrlPlan: Decider<Crl, RejectCrlPlan, CrlEvent> = {
  type: 'RejectCrlPlan',
  who: ['program'],
  aggregate: crl,
  stream,
  decide: ({ data: { issuer: _, number, ...data } }, state) =>
    state.status === 'planned'
      ? accept({ type: 'CrlPlanRejected', data })
      : refuse('CGU-05', 'OUT_OF_ORDER', String(number)),
}

/** CGU-106: the same octets were seen at every place that the certificates name. */
export const recordCrlPublication = (policy: Policy): Decider<Crl, RecordCrlPublication, CrlEvent> => ({
  type: 'RecordCrlPublication',
  who: ['program'],
  aggregate: crl,
  stream,
  decide: ({ data: { issuer: _, number, ...data } }, state) => {
    if (state.status === 'published') return accept()
    if (state.status !== 'issued') return refuse('CGU-05', 'OUT_OF_ORDER', String(number))
    const seen = new Set(data.sites.map(({ url }) => url))
    const { crl: places, rootCrl } = policy.publication
    const everywhere = [places, rootCrl].some((urls) => urls.every((url) => seen.has(url)))
    return everywhere && data.sha256 === state.sha256
      ? accept({ type: 'CrlPublished', data })
      : refuse('CGU-12', 'SITES_DIFFER', String(number))
  },
})
