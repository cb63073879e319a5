// What a list of a root says, from the ledger alone: for a ceremony, which opens no database. The same as the read models give.
import { aggregateOf } from '../domain/aggregates.ts'
import type { AuthorityEvent } from '../domain/authority.ts'
import type { Entry, Ledger } from '../ledger/ledger.ts'
import { caRevocationOf } from './caRevocations.ts'
import { replayStatus, type Replayed } from './replay.ts'

type Reading = Pick<Ledger, 'entries' | 'publicPart'>

/** The root that is installed in a ledger, and the authority under it, by their ids. */
export type Installed = Readonly<{ root: string; issuing: string }>

const isOf = (entry: Entry, aggregate: string): boolean => entry.stream.startsWith(`${aggregate}-`)
const idOf = ({ stream }: Entry): string => stream.slice(stream.indexOf('-') + 1)

const authorityEvent = ({ publicPart }: Reading, entry: Entry): AuthorityEvent =>
  aggregateOf(entry.stream).decode(publicPart(entry)) as AuthorityEvent

/** @returns undefined where no ceremony has been held */
export const installedIn = async (ledger: Reading): Promise<Installed | undefined> => {
  let [root, issuing]: [string | undefined, string | undefined] = [undefined, undefined]
  for await (const entry of ledger.entries()) {
    if (!isOf(entry, 'authority') || entry.type !== 'CaCertificateInstalled') continue
    const { data } = authorityEvent(ledger, entry) as Extract<
      AuthorityEvent,
      { type: 'CaCertificateInstalled' }
    >
    if (data.sha256 === data.rootSha256) root = idOf(entry)
    else issuing = idOf(entry)
  }
  return root === undefined || issuing === undefined ? undefined : { root, issuing }
}

type Listed = Readonly<{ serial: string; revokedAt: string }>

/** Number of the newest list that an authority has issued; 0 for none. */
export const lastListOf = async (ledger: Pick<Ledger, 'entries'>, issuer: string): Promise<number> => {
  let last = 0
  const prefix = `crl-${issuer}-`
  for await (const { stream, type } of ledger.entries())
    if (type === 'CrlIssued' && stream.startsWith(prefix))
      last = Math.max(last, Number(stream.slice(prefix.length)))
  return last
}

/** As commands/issueCrl.ts asks for it. */
export const rootListView = (ledger: Ledger, root: string) => ({
  size: async (): Promise<number> => {
    let size = 0
    for await (const _ of ledger.entries()) size += 1
    return size
  },
  lastNumber: () => lastListOf(ledger, root),
  entriesUpTo: async (size: number): Promise<readonly Listed[]> => {
    const found: Listed[] = []
    let rank = 0
    for await (const entry of ledger.entries()) {
      if (rank === size) break
      const row = isOf(entry, 'authority') ? caRevocationOf(authorityEvent(ledger, entry), rank) : undefined
      if (row?.issuer === root) found.push({ serial: row.serial, revokedAt: row.revoked_at })
      rank += 1
    }
    return found
  },
  /** The status table at a size of the ledger. */
  tableAt: async (size: number): Promise<Replayed['entries']> => {
    const first = async function* (): AsyncGenerator<Entry> {
      let rank = 0
      for await (const entry of ledger.entries()) {
        if (rank === size) return
        yield entry
        rank += 1
      }
    }
    return (await replayStatus({ ...ledger, entries: first }, '9999-12-31T23:59:59Z')).entries
  },
})
