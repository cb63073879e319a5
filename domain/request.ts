// Requests: a demand for one card, which is also the registration file, and the sessions at the desk (CGU-21 to CGU-37).
import { codec, opened } from './event.ts'
import { identityOf, type Identity } from './identity.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import type { CardKind, HolderKind, IdentityLevel, PieceKind, RequestKind } from './lists.ts'
import { requestForms, type RequestEvent } from './requestForms.ts'

export { requestForms, type RequestEvent }

export type Returned = Readonly<{
  cause: 'piecesMissing' | 'identityDoubtful'
  missing: readonly PieceKind[]
}>
export type Session = Readonly<{
  number: number
  desk: string | undefined
  card: string
  serial: string
  recover: readonly string[]
  presence: 'inPerson' | 'selfService'
}>
export type RequestFile = Readonly<{
  status: 'open' | 'validated' | 'inSession' | 'fulfilled' | 'rejected' | 'closed'
  person: string
  /** Other numbers that the same person was registered under, as the RA has found out. */
  samePersonAs: readonly string[]
  kind: RequestKind
  /** The certificate that a renewal follows. */
  previous: string | undefined
  path: 'direct' | 'mandate'
  holderKind: HolderKind
  cardKind: CardKind
  ra: string
  policyOid: string
  reliesOn: string | undefined
  identity: Identity | undefined
  /** What the first session made a card of: no correction reaches back to it. Without a session, as `identity`. */
  certified: Identity | undefined
  cguVersion: string | undefined
  dossierComplete: boolean
  /** The file was sent back, and what was missing has not come since. */
  returned: Returned | undefined
  identified: IdentityLevel | undefined
  /** CGU-58: by his authentication certificate, without the RA. */
  identifiedAlone: boolean
  /** CGU-57: the holder has declared that his identity data have not changed. */
  unchanged: boolean
  lapsesOn: string | undefined
  session: Session | undefined
  sessions: number
}>
export type Request = Readonly<{ status: 'unknown' }> | RequestFile

type Requested = Extract<RequestEvent, { type: 'CertificateRequested' }>['data']

const begin = (data: Requested): RequestFile => ({
  status: 'open',
  person: data.person,
  samePersonAs: data.samePersonAs,
  kind: data.kind,
  previous: data.previous,
  path: data.path,
  holderKind: data.holderKind,
  cardKind: data.cardKind,
  ra: data.ra,
  policyOid: data.policyOid,
  reliesOn: data.reliesOn,
  identity: identityOf(data),
  certified: identityOf(data),
  cguVersion: undefined,
  dossierComplete: false,
  returned: undefined,
  identified: undefined,
  identifiedAlone: false,
  unchanged: false,
  lapsesOn: undefined,
  session: undefined,
  sessions: 0,
})

const evolve = (state: Request, { type, data }: RequestEvent): Request => {
  if (type === 'CertificateRequested') return begin(data)
  if (state.status === 'unknown') throw new Error(`${type} before CertificateRequested`)
  switch (type) {
    case 'CguAccepted':
      return { ...state, cguVersion: data.cguVersion, unchanged: data.identityUnchanged ?? state.unchanged }
    case 'DossierCompleted':
      return { ...state, dossierComplete: true, returned: undefined }
    case 'RequestReturned':
      return sentBack(state, data)
    case 'IdentityVerified':
      // CGU-04: « l'identité et les qualités »: without the tie to the entity nothing is established.
      return {
        ...state,
        identified: data.entityTieChecked ? data.level : undefined,
        identifiedAlone: data.entityTieChecked && data.method === 'authCertificate',
      }
    case 'RequestValidated':
      return { ...state, status: 'validated', lapsesOn: data.lapsesOn }
    case 'RequestRejected':
      return { ...state, status: 'rejected' }
    case 'RequestClosed':
      return { ...state, status: 'closed' }
    case 'RegistrationCorrected':
      return corrected(state, data)
    case 'SessionOpened':
      return { ...state, status: 'inSession', sessions: data.session, session: sessionOf(data) }
    case 'CardHandedOver':
      return { ...state, status: 'fulfilled', session: undefined }
    case 'SessionClosed':
      return { ...state, status: 'validated', session: undefined }
    default:
      return unreachable(type)
  }
}

/** What was found wanting has to be done again. */
const sentBack = (state: RequestFile, { cause, missing }: Returned): RequestFile => ({
  ...state,
  returned: { cause, missing },
  dossierComplete: state.dossierComplete && cause !== 'piecesMissing',
  identified: cause === 'identityDoubtful' ? undefined : state.identified,
})

/** Fields that say who somebody is, or whose: a correction of them has to be verified as they were. */
const verified: readonly string[] = [
  'surname',
  'givenNames',
  'nameInCertificate',
  'matricule',
  'birth',
  'entity',
]

/** CGU-04: whether a correction of these fields asks that the identity be verified again. */
export const asksForVerification = (fields: readonly string[]): boolean =>
  fields.some((field) => verified.includes(field))

/** CGU-04: who was verified under other data has not been verified; a file that was validated so is open again. */
const corrected = (
  state: RequestFile,
  data: Extract<RequestEvent, { type: 'RegistrationCorrected' }>['data'],
): RequestFile => {
  const values = opened(data.values)
  const identity =
    state.identity === undefined || values === undefined ? undefined : { ...state.identity, ...values }
  const known = { identity, certified: state.sessions > 0 ? state.certified : identity }
  const isUnderWay = state.status === 'open' || state.status === 'validated'
  if (!isUnderWay || !asksForVerification(data.fields)) return { ...state, ...known }
  // What an agent (MC) has brought together was about other data: it is completed anew.
  const cleared = { identified: undefined, lapsesOn: undefined, dossierComplete: false }
  return { ...state, status: 'open', ...known, ...cleared }
}

const sessionOf = (data: Extract<RequestEvent, { type: 'SessionOpened' }>['data']): Session => ({
  number: data.session,
  desk: data.desk,
  card: data.card,
  serial: data.serial,
  recover: data.recover,
  presence: data.presence,
})

export const request: Aggregate<Request, RequestEvent> = {
  name: 'request',
  initial: { status: 'unknown' },
  evolve,
  ...codec(requestForms),
  units: (id) => ({ reg: id }),
}
