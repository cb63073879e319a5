// Room for a write. What the disk refuses, LMDB (lmdb 3.5.6) tells by a text that is longer than the memory which it takes for it: the process would
// end by a signal, sooner or later. So what may have no room is not given to it.
import { megabyte, roomAt } from '../../host/room.ts'
import { LedgerFault } from '../store.ts'

/** What one commit may take, in megabytes: its events (writer.ts, mostOctets, and one more), and every page above them written anew. */
const mostOfCommit = 24

/** Whether a commit has room in the directory of a ledger. */
export const hasRoom = (path: string): boolean => roomAt(path) >= mostOfCommit * megabyte

/** @throws LedgerFault where a commit may have no room */
export const requireRoom = (path: string): void => {
  if (hasRoom(path)) return
  const left = (roomAt(path) / megabyte).toFixed(1)
  throw new LedgerFault(
    `the ledger was not written: its disk has ${left} MB left, and a write may take ${mostOfCommit}`,
  )
}
