// How far somebody has come in the ledger, as it is kept outside of it. A position means something in one store alone: in a ledger
// that was imported into another one, the same event stands elsewhere. So the event goes with it.
import type { Entry, Ledger } from './ledger.ts'
import type { Position } from './store.ts'

/** The last entry that was dealt with. */
export type Place = Readonly<Pick<Entry, 'position' | 'stream' | 'revision' | 'id'>>

/**
 * `here`: the ledger has this event at this position. `elsewhere`: it has the event, at another position: it is a copy in another store, and
 * none of the other's positions means anything in it. `gone`: it does not have the event: it is an older copy, or another ledger.
 */
export type Standing = 'here' | 'elsewhere' | 'gone'

const isAt = (a: Position, b: Position): boolean => a.commit === b.commit && a.prepare === b.prepare

/** By the event's stream and revision: a position of another store may be none that the server takes. @throws LedgerFault */
export const standingOf = async (
  ledger: Pick<Ledger, 'entryAt'>,
  { position, stream, revision, id }: Place,
): Promise<Standing> => {
  const found = await ledger.entryAt(stream, revision)
  if (found?.id !== id) return 'gone'
  return isAt(found.position, position) ? 'here' : 'elsewhere'
}

export const textOfPlace = ({ position: { commit, prepare }, stream, revision, id }: Place): string =>
  `${commit}/${prepare} ${stream} ${revision} ${id}`

const form = /^(\d{1,20})\/(\d{1,20}) (\S+) (\d{1,15}) (\S+)$/

/** undefined for a text of another form: an earlier release kept the position alone. */
export const placeOf = (text: string): Place | undefined => {
  const [, commit, prepare, stream = '', revision, id = ''] = form.exec(text) ?? []
  if (commit === undefined || prepare === undefined) return undefined
  return {
    position: { commit: BigInt(commit), prepare: BigInt(prepare) },
    ...{ stream, revision: Number(revision), id },
  }
}
