// CGU-41: escrowed keys move from one KEK to another: a KEK that is suspected, or a year that is to be closed. Each key in one write of
// the vault, then its event; a stop between the two is found by the next run, which records what is there. So vault and ledger differ
// for one key at most a worker, and never for good; and no key is ever under neither KEK.
import { key } from '../domain/key.ts'
import type { EscrowCare, Rewrapped } from '../pki/custody.ts'
import { rewrapKey } from './keys.ts'
import { recordKeyRefusal, refusalCodeOf } from './keyRefusals.ts'
import { perform, type Service } from './program.ts'

export type RewrapTools = Readonly<{
  service: Service
  escrow: Pick<EscrowCare, 'rows' | 'rewrap' | 'countsByKek' | 'retireKek'>
}>

export type RewrapAsked = Readonly<{
  from: string
  to: string
  /** Keys under way at once. */
  atOnce?: number
  /** Told after each key. */
  onProgress?: (done: number, total: number) => void
}>

export type RewrapReport = Readonly<{
  /** Keys that lay under the old KEK when it began. */
  total: number
  moved: number
  /** Events of keys that an earlier run had moved and not recorded. */
  recorded: number
  /** Keys that a recovery holds: they stay where they are until it has an outcome. */
  busy: readonly string[]
  /** Keys that do not hold what their record says, by the code of their fault: they stay as they are, and the ledger has the refusal. */
  refused: readonly Readonly<{ spkiSha256: string; fault: string }>[]
}>

type Row = Readonly<{ spkiSha256: string; kek: string }>

/**
 * Moves every key of a KEK under another one; given again, it goes on where it was stopped.
 * @throws faults of the ledger, and of custody where no key can be moved at all
 */
export const rewrapKeys = async (
  { service, escrow }: RewrapTools,
  { from, to, atOnce = 64, onProgress = () => undefined }: RewrapAsked,
): Promise<RewrapReport> => {
  // What is made meanwhile is put elsewhere: the old one is empty by and by.
  await escrow.retireKek(from)
  const total = (await escrow.countsByKek()).get(from) ?? 0
  const busy: string[] = []
  const refused: { spkiSha256: string; fault: string }[] = []
  let [moved, recorded, done] = [0, 0, 0]

  const record = (spki: string, { kek, blobSha256, recordMac }: Rewrapped) =>
    perform(service, rewrapKey, {
      key: `${spki}|${kek}`,
      data: { spki, toKek: kek, blobSha256, recordMac },
      circumstances: { correlationId: kek },
    })

  const move = async ({ spkiSha256: spki }: Row): Promise<void> => {
    const held = (await service.ledger.loadPublic(key, spki)).state
    if (held.status === 'recovering') {
      busy.push(spki)
      return
    }
    const now = await escrow.rewrap(spki, to)
    moved += 1
    // A key whose escrow is not in the ledger yet has the KEK of the row when it comes there.
    if (now !== undefined && held.status === 'kept') await record(spki, now)
  }

  const settle = async ({ spkiSha256: spki }: Row): Promise<void> => {
    const held = (await service.ledger.loadPublic(key, spki)).state
    if (held.status !== 'kept' || held.kek === to) return
    const now = await escrow.rewrap(spki, to)
    if (now === undefined) return
    await record(spki, now)
    recorded += 1
  }

  const take = async (row: Row): Promise<void> => {
    try {
      await (row.kek === from ? move(row) : settle(row))
    } catch (error) {
      // Out of reach is for all of them; changed is for this one.
      const fault = refusalCodeOf(error)
      if (fault === undefined) throw error
      const stream = `key-${row.spkiSha256}`
      await recordKeyRefusal(service, { command: 'RewrapKey', stream, clause: 'CGU-41' }, error)
      refused.push({ spkiSha256: row.spkiSha256, fault })
    }
    if (row.kek !== from) return
    done += 1
    onProgress(done, total)
  }

  const rows = escrow.rows()[Symbol.asyncIterator]()
  const work = async (): Promise<void> => {
    for (;;) {
      const next = await rows.next()
      if (next.done === true) return
      if (next.value.kek === from || next.value.kek === to) await take(next.value)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return { total, moved, recorded, busy, refused }
}
