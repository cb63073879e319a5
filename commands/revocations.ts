// CGU-75: « Une fois la demande authentifiée et contrôlée, la fonction de gestion des révocations révoque le certificat
// correspondant en changeant son statut ». Revocation is final: given again, it changes nothing.
// CGU-63, CGU-64: the RA and the CA may ask themselves; they do so by a request on their own motion, with its motive.
import {
  certificate,
  type Certificate,
  type CertificateEvent,
  type OpenRevocation,
  type SignedCertificate,
} from '../domain/certificate.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import type { Authentication, RevocationCause, RevocationOrigin } from '../domain/lists.ts'
import { proves } from '../domain/policy/revocation.ts'
import type { ClauseId, RefusalCode } from '../domain/refusals.ts'
import type { Request } from '../domain/request.ts'
import { fileOf } from './requestRevocation.ts'

export type RevokeCertificate = Command<
  'RevokeCertificate',
  {
    serial: string
    origin: RevocationOrigin
    cause?: RevocationCause
    /** The request that an officer has authenticated; may be left out where one alone is open. */
    revocation?: string
    authentication?: Authentication
  }
>

/** Why a request is rejected, and the clause that it does not keep. */
export const rejections = {
  REVOKER_NOT_ENTITLED: 'CGU-62',
  SIGNATURE_REQUIRED: 'CGU-68',
  HOLDER_NAME_MISMATCH: 'CGU-71',
  REQUESTER_NAME_MISSING: 'CGU-72',
  CERTIFICATE_AMBIGUOUS: 'CGU-73',
  REVOCATION_NOT_AUTHENTICATED: 'CGU-75',
} as const satisfies Partial<Record<RefusalCode, ClauseId>>
export type Rejection = keyof typeof rejections

export type RejectRevocation = Command<
  'RejectRevocation',
  { serial: string; revocation?: string; cause: Rejection; note?: string }
>

/** The request that is decided on. Of several it has to be said which, or the proof of one might serve another. */
const openRequest = (
  { revocations }: SignedCertificate,
  named: string | undefined,
): OpenRevocation | undefined => {
  if (named !== undefined) return revocations.find(({ revocation }) => revocation === named)
  const [first, ...others] = revocations
  return others.length === 0 ? first : undefined
}

const revoked = (
  at: string,
  data: Omit<Extract<CertificateEvent, { type: 'CertificateRevoked' }>['data'], 'revokedAt' | 'cause'>,
  cause: RevocationCause | undefined,
): Decision<CertificateEvent> =>
  accept({
    type: 'CertificateRevoked',
    data: { revokedAt: at, ...data, ...(cause === undefined ? {} : { cause }) },
  })

/** By an officer: the request is authenticated, by a proof that fits the channel it came through, and checked. */
const byOfficer = ({ data, at }: RevokeCertificate, state: SignedCertificate): Decision<CertificateEvent> => {
  const open = openRequest(state, data.revocation)
  const { authentication } = data
  if (open === undefined || authentication === undefined)
    return refuse('CGU-75', 'REVOCATION_NOT_AUTHENTICATED', 'revocation')
  if (!proves(authentication, open.requesterRole, open.channel))
    return refuse('CGU-75', 'REVOCATION_NOT_AUTHENTICATED', authentication)
  const { revocation, cause } = open
  return revoked(at, { origin: 'request', revocation, authentication }, data.cause ?? cause)
}

/** By the program, ex officio: a certificate that was refused, or never handed over; a scrapped card; the end of the authority. */
const byProgram = ({ data, at }: RevokeCertificate, file: Request): Decision<CertificateEvent> => {
  // A session that was about to be undone has come to its end meanwhile: the holder has his card.
  if (data.origin === 'undelivered' && file.status === 'fulfilled')
    return refuse('CGU-34', 'OUT_OF_ORDER', file.status)
  return revoked(at, { origin: data.origin, authentication: 'exOfficio' }, data.cause)
}

export const revokeCertificate: Decider<Certificate, RevokeCertificate, CertificateEvent, Request> = {
  type: 'RevokeCertificate',
  who: ['program', 'raOfficer', 'caOfficer'],
  aggregate: certificate,
  stream: ({ data }) => data.serial,
  facts: (fold, _, state) => fileOf(fold, state),
  decide: (command, state, file) => {
    if (!('signature' in state)) return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', command.data.serial)
    if (state.status === 'revoked') return accept()
    return command.by.role === 'program' ? byProgram(command, file) : byOfficer(command, state)
  },
}

/** CGU-71, CGU-73, CGU-75: a request that does not hold is rejected, with the clause that it does not keep. */
export const rejectRevocation: Decider<Certificate, RejectRevocation, CertificateEvent> = {
  type: 'RejectRevocation',
  who: ['raOfficer', 'caOfficer'],
  aggregate: certificate,
  stream: ({ data }) => data.serial,
  decide: ({ data: { serial, revocation, cause, note } }, state) => {
    if (!('signature' in state)) return refuse('CGU-73', 'CERTIFICATE_UNKNOWN', serial)
    const open = openRequest(state, revocation)
    if (open === undefined) return refuse('CGU-75', 'OUT_OF_ORDER', state.status)
    return accept({
      type: 'RevocationRejected',
      data: {
        revocation: open.revocation,
        cause,
        clause: rejections[cause],
        ...(note === undefined ? {} : { note }),
      },
    })
  },
}
