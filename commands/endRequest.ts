// CGU-21: a request ends without a card when the RA rejects it, when whoever made it takes it back, or when nobody came for
// the card before it lapsed.
import type { Appointment } from '../domain/appointment.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { dayOf } from '../domain/policy/dates.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { refusals, type RefusalCode } from '../domain/refusals.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'
import { foldMandate } from './mandates.ts'
import { mandateRefusal } from './ofRequest.ts'

/** Why the RA rejects a request: the refusals that a program cannot find out by itself, with their clauses. */
export const rejectionCauses = [
  'AGENT_CARD_NOT_ALLOWED',
  'CGU_NOT_ACCEPTED',
  'DOSSIER_INCOMPLETE',
  'ENTITY_NOT_VERIFIED',
  'IDENTITY_NOT_VERIFIED',
  'MANDATE_REQUIRED',
  'MANDATE_TOO_OLD',
  'PERSON_MISMATCH',
  'REQUEST_INCOMPLETE',
] as const satisfies readonly RefusalCode[]

export type RejectRequest = Command<
  'RejectRequest',
  { request: string; cause: (typeof rejectionCauses)[number]; note?: string }
>
export type CloseRequest = Command<
  'CloseRequest',
  {
    request: string
    cause: 'withdrawn' | 'lapsed' | 'duplicate'
    /** MC: the appointment he acts under. */
    mandate?: string
  }
>

/** A session at the desk is closed first; what has come to its end has done so. */
const isUnderWay = (state: Request): state is RequestFile =>
  state.status === 'open' || state.status === 'validated'

export const rejectRequest: Decider<Request, RejectRequest, RequestEvent> = {
  type: 'RejectRequest',
  who: ['raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  decide: ({ data, by }, state) => {
    if (state.status === 'rejected') return accept()
    if (!isUnderWay(state)) return refuse('CGU-21', 'OUT_OF_ORDER', state.status)
    const { cause, note } = data
    const clause = refusals[cause].clauses[0]
    return (
      notForOneself(by, state.person) ??
      accept({
        type: 'RequestRejected',
        data: { cause, clause, ...(note === undefined ? {} : { note }) },
      })
    )
  },
}

/** The program ends what has lapsed, and one of two. */
const notForProgram = (
  { data, at }: CloseRequest,
  { lapsesOn }: RequestFile,
): Decision<never> | undefined => {
  const over = lapsesOn !== undefined && lapsesOn < dayOf(at)
  return data.cause === 'withdrawn' || (data.cause === 'lapsed' && !over)
    ? refuse('CGU-21', 'OUT_OF_ORDER', data.cause)
    : undefined
}

/** Who may end a request for this cause: people take it back, the program ends what lapsed; a duplicate the RA or it. */
const mayNotClose = (
  command: CloseRequest,
  state: RequestFile,
  mandate: Appointment | undefined,
): Decision<never> | undefined => {
  const { by, data } = command
  if (by.role === 'program') return notForProgram(command, state)
  if (data.cause === 'lapsed' || (data.cause === 'duplicate' && by.role !== 'raOfficer'))
    return refuse('CGU-21', 'OUT_OF_ORDER', data.cause)
  if (by.role === 'holder' && by.person !== state.person)
    return refuse('CGU-21', 'REQUESTER_NOT_ENTITLED', 'person')
  return mandateRefusal(command, state, mandate)
}

export const closeRequest: Decider<Request, CloseRequest, RequestEvent, Appointment | undefined> = {
  type: 'CloseRequest',
  who: ['holder', 'mc', 'raOfficer', 'program'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: foldMandate,
  decide: (command, state, mandate) => {
    if (state.status === 'closed') return accept()
    if (!isUnderWay(state)) return refuse('CGU-21', 'OUT_OF_ORDER', state.status)
    return (
      mayNotClose(command, state, mandate) ??
      accept({ type: 'RequestClosed', data: { cause: command.data.cause } })
    )
  },
}
