// What one record of the ledger has to be to go into an export, or to come out of one: the form of its body, its place, its type's
// schema. The first fault ends it: a backup that cannot be given back is none. (`verify.ts` goes on, and finds all of them.)
import type { Stored } from '../domain/kernel.ts'
import { entryOf, publicPart } from './body.ts'
import { leafHash, leafRecord } from './leaf.ts'
import type { Entry } from './ledger.ts'
import { openOrder } from './order.ts'
import type { RecordedEvent } from './store.ts'
import { bodyFaults } from './verifyBody.ts'

export type Examining = Readonly<{
  /** Origin of the log. */
  log: string
  /** Decodes against the closed schemas; throws on what they refuse. */
  decode: (stream: string, stored: Stored) => unknown
}>

export type Examined = Readonly<{ entry: Entry; leaf: Buffer }>

/** Is told each record in turn. The result throws an Error that says what is wrong with one. About 60 octets of memory an event. */
export const openExaminer = ({ log, decode }: Examining): ((record: RecordedEvent) => Examined) => {
  const order = openOrder()
  return (record) => {
    const entry = entryOf(record)
    const [fault] = [...bodyFaults(record, entry), ...order(entry)]
    if (fault !== undefined) throw new Error(fault)
    decode(entry.stream, publicPart(entry))
    return { entry, leaf: leafHash(leafRecord(log, entry)) }
  }
}
