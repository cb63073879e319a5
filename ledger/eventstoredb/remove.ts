import type { DeleteResp, TombstoneResp } from '@eventstore/db-client/generated/streams_pb.js'
import { type Expected, LedgerFault } from '../store.ts'
import type { Connection, Start } from './connection.ts'
import { answerOf, commandError, faultOf, surelyNotDone } from './faults.ts'
import type { Gate } from './gate.ts'
import { deleteRequest, tombstoneRequest } from './requests.ts'
import { type Limits, pause, recover } from './retry.ts'

export type Remover = Readonly<{
  deleteStream: (stream: string, expected?: Expected) => Promise<void>
  tombstoneStream: (stream: string, expected?: Expected) => Promise<void>
}>

/**
 * Deleting is sent once more only when it was surely not done: no event id makes it idempotent.
 */
export const openRemover = (connection: Connection, gate: Gate, limits: Limits): Remover => {
  const remove = async <T>(stream: string, expected: Expected, start: Start<T>): Promise<void> => {
    for (let failures = 1; failures <= limits.attempts; failures += 1) {
      try {
        await gate.through(limits.appendTimeoutMs, () => connection.call(limits.appendTimeoutMs, start))
        return
      } catch (thrown) {
        const error = commandError(thrown)
        const answer = answerOf(error, stream, expected)
        if (answer !== undefined) throw answer
        recover(connection, error)
        if (!surelyNotDone(error)) throw faultOf('delete', error)
        await pause(limits, failures)
      }
    }
    throw new LedgerFault('delete: the store is not ready')
  }
  return {
    deleteStream: (stream, expected = 'any') =>
      remove<DeleteResp>(stream, expected, (grpc, [metadata, options], done) =>
        grpc.delete(deleteRequest(stream, expected), metadata, options, done),
      ),
    tombstoneStream: (stream, expected = 'any') =>
      remove<TombstoneResp>(stream, expected, (grpc, [metadata, options], done) =>
        grpc.tombstone(tombstoneRequest(stream, expected), metadata, options, done),
      ),
  }
}
