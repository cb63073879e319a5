// CGU-21, events.md P1: a request that was validated, and that nobody came for by its last day, is closed.
import { closeRequest } from '../commands/endRequest.ts'
import { perform, ProcessRefused, type Service } from '../commands/program.ts'
import type { InTurn } from '../domain/turns.ts'
import type { Each } from './port.ts'

/** Closes what has lapsed. @param lapsed the requests that the read model lists; the ledger has the last word */
export const lapseRequests = async (
  service: Service,
  inTurn: InTurn,
  lapsed: readonly string[],
  each: Each,
): Promise<void> =>
  each(lapsed, (id) =>
    inTurn(id, async () => {
      try {
        await perform(service, closeRequest, {
          // A file that was opened again and validated anew may lapse again: the day is part of the order.
          key: `${id}|${service.now().slice(0, 10)}`,
          data: { request: id, cause: 'lapsed' },
          circumstances: { correlationId: id },
        })
      } catch (error) {
        // A session was opened meanwhile, on the last day: it comes to its own end.
        if (!(error instanceof ProcessRefused)) throw error
      }
    }),
  )
