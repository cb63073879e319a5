// CGU-34: who may have a session carried to its card, or given up. They are judged here; what is then done stands in the streams
// of the key, the certificate and the card (issueCertificate.ts, undoIssuance.ts).
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'

export type IssueCertificate = Command<'IssueCertificate', { request: string }>
export type UndoIssuance = Command<'UndoIssuance', { request: string }>

/** CGU-58: alone, a holder has his own renewal issued, in the session that he opened himself; at the desk somebody else does. */
const notHis = ({ by }: IssueCertificate, file: RequestFile): Decision<never> | undefined => {
  if (by.role !== 'holder') return notForOneself(by, file.person)
  if (file.person !== by.person) return refuse('CGU-06', 'ROLE_NOT_HELD', by.role)
  return file.session?.presence === 'selfService'
    ? undefined
    : refuse('CGU-34', 'OUT_OF_ORDER', file.session?.presence ?? file.status)
}

/** Writes nothing itself. */
export const issueInSession: Decider<Request, IssueCertificate, RequestEvent> = {
  type: 'IssueCertificate',
  who: ['raOfficer', 'holder'],
  aggregate: request,
  stream: ({ data }) => data.request,
  decide: (command, state) => {
    if (state.status === 'unknown') return refuse('CGU-34', 'OUT_OF_ORDER', state.status)
    const refusal = notHis(command, state)
    if (refusal) return refusal
    return state.session === undefined ? refuse('CGU-34', 'OUT_OF_ORDER', state.status) : accept()
  },
}

/** Writes nothing itself. */
export const undoSession: Decider<Request, UndoIssuance, RequestEvent> = {
  type: 'UndoIssuance',
  who: ['raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  decide: (_, state) =>
    state.status === 'unknown' || state.session === undefined
      ? refuse('CGU-34', 'OUT_OF_ORDER', state.status)
      : accept(),
}
