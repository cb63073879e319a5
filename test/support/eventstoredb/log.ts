import type { Position, RecordedEvent } from '../../../ledger/store.ts'
import { badPosition } from './answers.ts'
import type { Node } from './node.ts'

/** The octets that a record takes in the log (eventstoredb.md section 3). */
const recordSize = (event: RecordedEvent): number =>
  90 +
  Buffer.byteLength(event.stream) +
  Buffer.byteLength(event.type) +
  event.data.length +
  (event.metadata?.length ?? 0)

export const first = async (events: AsyncIterable<RecordedEvent>): Promise<RecordedEvent | undefined> => {
  for await (const event of events) return event
  return undefined
}

/** The first event at `position` or beyond that a scavenge has left. */
export const firstFrom = (node: Node, position: Position): Promise<RecordedEvent | undefined> =>
  first(visible(node, node.store().readAll({ from: position })))

export const visible = async function* (
  node: Node,
  events: AsyncIterable<RecordedEvent>,
): AsyncGenerator<RecordedEvent> {
  for await (const event of events) if (!node.scavenged.has(event.position.commit)) yield event
}

/** @throws UNKNOWN where no record of the log begins, as 23.10 does */
export const requireBoundary = async (node: Node, from: Position, backwards: boolean): Promise<void> => {
  if (from.commit < from.prepare) throw badPosition()
  const here = await first(node.store().readAll({ from, limit: 1 }))
  if (here?.position.commit === from.commit) return
  const end = await first(node.store().readAll({ direction: 'backwards', limit: 1 }))
  const beyond = end === undefined || from.commit > end.position.commit + BigInt(recordSize(end))
  if (beyond && !backwards) return
  if (beyond) throw badPosition()
  const before = await first(node.store().readAll({ from, direction: 'backwards', limit: 1 }))
  if (before !== undefined && from.commit < before.position.commit + BigInt(recordSize(before)))
    throw badPosition()
}
