// What holds across the events of a ledger: streams go up by one, their times never go back, no id comes twice.
import { createHash } from 'node:crypto'
import { openDigestTable } from './digestTable.ts'
import type { Entry } from './ledger.ts'

const digest = (text: string): Uint8Array => createHash('sha256').update(text).digest().subarray(0, 16)

export type Order = (entry: Omit<Entry, 'position'>) => readonly string[]

/** Told each entry in turn, says what is wrong with its place. About 60 octets of memory an event. */
export const openOrder = (): Order => {
  const ids = openDigestTable(0)
  const streams = openDigestTable(2)
  return ({ stream, revision, id, body }) => {
    const faults: string[] = []
    const idKey = Buffer.from(id.replaceAll('-', '').padEnd(32, '0'), 'hex')
    const key = idKey.length === 16 ? idKey : digest(id)
    if (ids.get(key) !== undefined) faults.push('its id comes twice')
    ids.set(key, [])
    const name = digest(stream)
    const [last = -1, lastAt = 0] = streams.get(name) ?? []
    if (revision !== last + 1) faults.push(`revision ${last + 1} of the stream is missing before it`)
    const at = Date.parse(body.at)
    if (at < lastAt) faults.push('it was recorded earlier than the event before it')
    streams.set(name, [revision, Number.isNaN(at) ? lastAt : Math.max(at, lastAt)])
    return faults
  }
}
