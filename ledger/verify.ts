// Verifies a whole ledger from its stored octets: every body, stream, seal and leaf, and the tree over them (proofs.md 6).
// What only a copy kept elsewhere can show, an edit with everything recomputed or a tail cut off, needs `known` heads.
import { createHash } from 'node:crypto'
import type { Stored } from '../domain/kernel.ts'
import { entryOf, isSystem } from './body.ts'
import { leafHash, leafRecord } from './leaf.ts'
import type { DataKeys, Entry } from './ledger.ts'
import { openRightEdge } from './merkle.ts'
import { openOrder } from './order.ts'
import { openField } from './sealing.ts'
import type { RecordedEvent } from './store.ts'
import { bodyFaults } from './verifyBody.ts'

export type Finding = Readonly<{
  /** Rank of the event in the ledger; the size, for what concerns the whole. */
  index: number
  stream: string
  revision: number
  message: string
}>

/** The head of the tree at a size, kept where the ledger's keeper cannot change it. */
export type KnownHead = Readonly<{ size: number; root: string }>

export type Verified = Readonly<{
  size: number
  /** Root of the tree, hex. */
  root: string
  findings: readonly Finding[]
  /** How many there were; `findings` holds the first ones. */
  found: number
  /** Sealed fields that were opened, and those there was no key for. */
  opened: number
  closed: number
}>

export type VerifyOptions = Readonly<{
  log: string
  /** Decodes against the closed schemas; throws on what they refuse. */
  decode: (stream: string, stored: Stored) => unknown
  /** Opens what it has keys for; without it every sealed field stays closed. */
  keys?: Pick<DataKeys, 'find'>
  known?: readonly KnownHead[]
  onProgress?: (size: number) => void
  mostFindings?: number
}>

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/**
 * Verifies the ledger.
 * @param records every event of the store in order, its own included: `store.readAll()`
 */
export const verifyLedger = async (
  records: AsyncIterable<RecordedEvent>,
  options: VerifyOptions,
): Promise<Verified> => {
  const { log, decode, keys, known = [], onProgress, mostFindings = 1000 } = options
  const findings: Finding[] = []
  const tree = openRightEdge()
  const order = openOrder()
  let found = 0
  let opened = 0
  let closed = 0

  const report = (at: Readonly<{ stream: string; revision: number }>, message: string): void => {
    found += 1
    if (findings.length < mostFindings)
      findings.push({ index: tree.size(), stream: at.stream, revision: at.revision, message })
  }

  const unseal = async ({ id, type, stream, revision, body }: Entry): Promise<Stored> => {
    const sealed: Record<string, Stored['sealed'][string]> = {}
    for (const [field, stored] of Object.entries(body.sealed)) {
      sealed[field] = { destroyed: true }
      const key = await keys?.find(stored.k)
      if (key === undefined) closed += 1
      else
        try {
          sealed[field] = openField(key, { log, eventId: id, field }, stored)
          opened += 1
        } catch (error) {
          report({ stream, revision }, messageOf(error))
        }
    }
    return { type, pub: body.pub, sealed }
  }

  const attempt = async <T>(record: RecordedEvent, act: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await act()
    } catch (error) {
      report(record, messageOf(error))
      return undefined
    }
  }

  /** The leaf of the record, or a stand-in that no leaf has, so that what follows keeps its place. */
  const check = async (record: RecordedEvent): Promise<Uint8Array> => {
    const standIn = createHash('sha256').update(record.data).digest()
    const entry = await attempt(record, () => entryOf(record))
    if (entry === undefined) return standIn
    for (const fault of [...bodyFaults(record, entry), ...order(entry)]) report(record, fault)
    const leaf = await attempt(record, () => leafHash(leafRecord(log, entry)))
    await attempt(record, async () => decode(entry.stream, await unseal(entry)))
    return leaf ?? standIn
  }

  const compare = (): void => {
    for (const { size, root } of known)
      if (size === tree.size() && root !== tree.root().toString('hex'))
        report({ stream: '', revision: -1 }, `the tree of ${size} events is not the one whose root is known`)
  }

  compare()
  for await (const record of records) {
    if (isSystem(record)) continue
    tree.append(await check(record))
    compare()
    onProgress?.(tree.size())
  }
  for (const { size } of known)
    if (size > tree.size())
      report(
        { stream: '', revision: -1 },
        `the ledger has been known to hold ${size} events, and holds fewer`,
      )
  return { size: tree.size(), root: tree.root().toString('hex'), findings, found, opened, closed }
}
