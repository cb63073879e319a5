// CGU-29: a file that is not complete, or whose holder may be somebody else (CGU-04), goes back to whoever brings it, with
// what is missing. The request stays open: what was found wanting is done again.
import type { Appointment } from '../domain/appointment.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import type { PieceKind } from '../domain/lists.ts'
import { missingPieces } from '../domain/policy/dossier.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent, type Returned } from '../domain/request.ts'
import { foldMandate } from './mandates.ts'
import { mandateRefusal } from './ofRequest.ts'

export type ReturnRequest = Command<
  'ReturnRequest',
  {
    request: string
    cause: Returned['cause']
    /** Without a list, of pieces that are missing: all that such a file needs. */
    missing?: readonly PieceKind[]
    note?: string
    /** MC: the appointment he acts under. */
    mandate?: string
  }
>

const missingOf = ({ data }: ReturnRequest, kind: Parameters<typeof missingPieces>[0]) => {
  const named = data.missing ?? []
  return named.length === 0 && data.cause === 'piecesMissing' ? missingPieces(kind, []) : named
}

export const returnRequest: Decider<Request, ReturnRequest, RequestEvent, Appointment | undefined> = {
  type: 'ReturnRequest',
  who: ['raOfficer', 'mc'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: foldMandate,
  decide: (command, state, mandate) => {
    const { data, by } = command
    if (state.status !== 'open') return refuse('CGU-29', 'OUT_OF_ORDER', state.status)
    // Only a file made through a certification agent has pieces.
    if (data.cause === 'piecesMissing' && state.path !== 'mandate')
      return refuse('CGU-29', 'OUT_OF_ORDER', state.path)
    const { cause, note } = data
    return (
      mandateRefusal(command, state, mandate) ??
      notForOneself(by, state.person) ??
      accept({
        type: 'RequestReturned',
        data: {
          ...{ cause, missing: [...missingOf(command, state.holderKind)] },
          ...(note === undefined ? {} : { note }),
        },
      })
    )
  },
}
