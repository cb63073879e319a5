// CGU-55: one renewal a certificate. Two may be asked for before either can be seen: the one that ranks later gives way
// (events.md section 1, means D).
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { renews } from '../domain/policy/renewal.ts'
import { request, type Request, type RequestEvent } from '../domain/request.ts'

export type CloseDuplicate = Command<
  'CloseRequest',
  {
    request: string
    /** A renewal of the same certificate that ranks before this one. */
    earlier: string
  }
>

export const closeDuplicate: Decider<Request, CloseDuplicate, RequestEvent, Request> = {
  type: 'CloseRequest',
  who: ['program'],
  aggregate: request,
  stream: ({ data }) => data.request,
  facts: async (fold, { data }) => await fold(request, data.earlier),
  decide: (_, state, earlier) => {
    if (state.status === 'closed') return accept()
    if (state.status !== 'open' && state.status !== 'validated')
      return refuse('CGU-55', 'OUT_OF_ORDER', state.status)
    if (state.previous === undefined || !renews(earlier, state.previous))
      return refuse('CGU-55', 'OUT_OF_ORDER', 'earlier')
    return accept({ type: 'RequestClosed', data: { cause: 'duplicate' } })
  },
}
