// CGU-75: « Une fois la demande authentifiée et contrôlée, la fonction de gestion des révocations révoque le certificat
// correspondant en changeant son statut ». Revocation is final: given again, it changes nothing.
import type { Appointment } from '../domain/appointment.ts'
import { certificate, type Certificate, type CertificateEvent } from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider, type Decision, type Fold } from '../domain/kernel.ts'
import type { Channel, DocumentKind, RevocationCause, RevocationOrigin } from '../domain/lists.ts'
import { mandateInForce } from '../domain/policy/mandate.ts'
import { sameName } from '../domain/policy/names.ts'
import type { Policy } from '../domain/policy/policy.ts'
import { authenticationOf, channelRefusal } from '../domain/policy/revocation.ts'
import { request, type Request } from '../domain/request.ts'
import { foldMandate } from './mandates.ts'

export type RequestRevocation = Command<
  'RequestRevocation',
  {
    serial: string
    revocation: string
    holderName: string
    requesterName: string
    channel: Channel
    ra?: string
    signatureForm: 'none' | 'handwritten' | 'electronic'
    documentKind?: DocumentKind
    cause?: RevocationCause
    note?: string
    receivedAt: string
    mandate?: string
  }
>
export type RevokeCertificate = Command<
  'RevokeCertificate',
  { serial: string; origin: RevocationOrigin; cause?: RevocationCause }
>

type Facts = Readonly<{ file: Request; mandate: Appointment | undefined }>
type Live = Extract<Certificate, { signature: string }>

const notEntitled = (
  { data, by, at }: RequestRevocation,
  subject: Live,
  facts: Facts,
): Decision<never> | undefined => {
  if (by.role === 'holder' && subject.person !== by.person)
    return refuse('CGU-61', 'REVOKER_NOT_ENTITLED', by.role)
  if (by.role !== 'mc') return undefined
  const entity = facts.file.status === 'unknown' ? '' : (facts.file.identity?.entity ?? '')
  return facts.mandate !== undefined && mandateInForce(facts.mandate, { by, entity, power: 'revoke', at })
    ? undefined
    : refuse('CGU-62', 'REVOKER_NOT_ENTITLED', data.mandate ?? by.role)
}

/** CGU-71, CGU-72: the holder as he stands in the certificate, and who asks. */
const incomplete = ({ data }: RequestRevocation, { file }: Facts): Decision<never> | undefined => {
  if (data.requesterName.trim() === '') return refuse('CGU-72', 'REQUESTER_NAME_MISSING', 'requesterName')
  const identity = file.status === 'unknown' ? undefined : file.identity
  const named =
    identity === undefined || sameName(`${identity.surname} ${identity.givenNames}`, data.holderName)
  return named ? undefined : refuse('CGU-71', 'HOLDER_NAME_MISMATCH', 'holderName')
}

export const requestRevocation = (
  policy: Policy,
): Decider<Certificate, RequestRevocation, CertificateEvent, Facts> => ({
  type: 'RequestRevocation',
  who: ['raOfficer', 'caOfficer', 'mc', 'holder'],
  aggregate: certificate,
  stream: ({ data }) => data.serial,
  facts: async (fold, { data, at }, state) => ({
    file: await fileOf(fold, state),
    mandate: await foldMandate(fold, { data, at }),
  }),
  decide: (command, state, facts) => {
    const { data, by } = command
    if (!('signature' in state) || state.profile !== 'encryption')
      return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', data.serial)
    const { channel, ra, signatureForm, documentKind } = data
    const refusal =
      notEntitled(command, state, facts) ??
      channelRefusal(by, { channel, ra, signatureForm, documentKind }, policy) ??
      incomplete(command, facts)
    if (refusal) return refusal
    return state.status === 'revoked' ? accept() : accept(asked(command), ...revokedAtOnce(command))
  },
})

const asked = ({ data, by, at }: RequestRevocation): CertificateEvent => ({
  type: 'RevocationRequested',
  data: {
    revocation: data.revocation,
    requesterRole: by.role,
    channel: data.channel,
    firstReceivedAt: data.receivedAt < at ? data.receivedAt : at,
    firstReceivedBy: by.role === 'holder' || by.role === 'mc' ? 'program' : by.role,
    signatureForm: data.signatureForm,
    ...(data.documentKind === undefined ? {} : { documentKind: data.documentKind }),
    holderName: data.holderName,
    requesterName: data.requesterName,
    requester: by.person,
    locator: data.serial,
    ...(data.cause === undefined ? {} : { cause: data.cause }),
    ...(data.note === undefined ? {} : { note: data.note }),
  },
})

const revokedAtOnce = ({ data, at }: RequestRevocation): CertificateEvent[] => [
  {
    type: 'CertificateRevoked',
    data: {
      revokedAt: at,
      origin: 'request',
      revocation: data.revocation,
      authentication: authenticationOf(data.channel),
      ...(data.cause === undefined ? {} : { cause: data.cause }),
    },
  },
]

const fileOf = async (fold: Fold, state: Certificate): Promise<Request> =>
  'request' in state && state.request !== undefined ? await fold(request, state.request) : request.initial

/** Ex officio: a certificate that was refused, or never handed over; a scrapped card; the end of the authority. */
export const revokeCertificate: Decider<Certificate, RevokeCertificate, CertificateEvent, Request> = {
  type: 'RevokeCertificate',
  who: ['program'],
  aggregate: certificate,
  stream: ({ data }) => data.serial,
  facts: (fold, _, state) => fileOf(fold, state),
  decide: ({ data, at }, state, file) => {
    if (!('signature' in state)) return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', data.serial)
    if (state.status === 'revoked') return accept()
    // A session that was about to be undone has come to its end meanwhile: the holder has his card.
    if (data.origin === 'undelivered' && file.status === 'fulfilled')
      return refuse('CGU-34', 'OUT_OF_ORDER', file.status)
    return accept({
      type: 'CertificateRevoked',
      data: {
        revokedAt: at,
        origin: data.origin,
        authentication: 'exOfficio',
        ...(data.cause === undefined ? {} : { cause: data.cause }),
      },
    })
  },
}
