// CGU-116: what was destroyed stays destroyed. A vault or a token that was restored from a backup has keys again that the ledger says
// are gone: before anything is served, or so much as read, the ledger's destructions are carried out on it once more. Each store
// remembers up to where that was done; a restored one remembers less, and so does more. (proofs.md section 2, events.md P6)
import type { Ledger } from '../ledger/ledger.ts'
import { placeOf, standingOf, textOfPlace, type Place } from '../ledger/place.ts'
import { comparePositions, LedgerFault, type Position } from '../ledger/store.ts'
import type { EscrowCare } from '../pki/custody.ts'
import { classOfUnit } from '../domain/policy/retention.ts'
import { removeUnneeded } from './escrowKeks.ts'
import { keyIdOfUnit } from './destroyUnits.ts'

/** The part of the vault that has the data keys. */
export type DoomedDataKeys = Readonly<{
  destroy: (keyId: string) => Promise<void>
  isDestroyed: (keyId: string) => Promise<boolean>
  purgedTo: () => Promise<string | undefined>
  setPurgedTo: (position: string) => Promise<void>
}>

export type PurgeTools = Readonly<{
  ledger: Pick<Ledger, 'entries' | 'entryAt' | 'loadPublic'>
  escrow: Pick<
    EscrowCare,
    | 'destroyKey'
    | 'keyOf'
    | 'unkept'
    | 'destroyKek'
    | 'destroyKeksAgain'
    | 'keks'
    | 'purgedTo'
    | 'setPurgedTo'
  >
  dataKeys: DoomedDataKeys
}>

/** What was there again. */
export type Undead = Readonly<{ keys: number; dataKeys: number; keks: number }>

const serialOf = (unit: string): string => unit.slice(unit.indexOf('/') + 1)

/**
 * Up to where it was done, where that place is one of this ledger: in a copy of it in another store, positions are others.
 * @throws LedgerFault where the ledger no longer has what was seen there: numbers of lists and of certificates would be given twice
 */
const doneIn = async (
  ledger: PurgeTools['ledger'],
  text: string | undefined,
): Promise<Position | undefined> => {
  const place = text === undefined ? undefined : placeOf(text)
  if (place === undefined) return undefined
  const standing = await standingOf(ledger, place)
  if (standing === 'gone')
    throw new LedgerFault(
      `the ledger is older than the vault, which has seen ${place.stream} ${place.revision} in it: give back the newest ledger; ` +
        'or, where this is all there is, grand-livre ledger accept --head SIZE:ROOT',
    )
  return standing === 'here' ? place.position : undefined
}

/** No place in any ledger. */
const nowhere = 'from the beginning'

/** Lets the vault go on with a ledger that has less than it has seen: all destructions in it are carried out once more. */
export const followAnew = async ({ escrow, dataKeys }: Omit<PurgeTools, 'ledger'>): Promise<void> => {
  await escrow.setPurgedTo(nowhere)
  await dataKeys.setPurgedTo(nowhere)
}

/** The earlier of the two: what the other one has done already is done again, and nothing happens. */
const startOf = (one: Position | undefined, other: Position | undefined): Position | undefined => {
  if (one === undefined || other === undefined) return undefined
  return comparePositions(one, other) < 0 ? one : other
}

/**
 * Destroys again whatever the ledger says was destroyed.
 * @returns how much of it was there again
 * @throws faults of the ledger or of custody: nothing is to be served then. `kekNeeded` above all: the vault comes from a backup of
 *   before its keys were moved away from a KEK that is destroyed since; LedgerFault where the ledger is older than the vault
 */
export const purgeDestroyed = async ({ ledger, escrow, dataKeys }: PurgeTools): Promise<Undead> => {
  const found = { keys: 0, dataKeys: 0, keks: 0 }
  let last: Place | undefined
  const destroyUnit = async (unit: string): Promise<void> => {
    const key = classOfUnit(unit) === 'escrow' ? await escrow.keyOf(serialOf(unit)) : undefined
    if (key !== undefined) found.keys += await escrow.destroyKey(key)
    const keyId = keyIdOfUnit(unit)
    if (await dataKeys.isDestroyed(keyId)) return
    await dataKeys.destroy(keyId)
    found.dataKeys += 1
  }
  const start = startOf(
    await doneIn(ledger, await escrow.purgedTo()),
    await doneIn(ledger, await dataKeys.purgedTo()),
  )
  for await (const entry of ledger.entries(start)) {
    const { stream, type, body } = entry
    last = entry
    const id = stream.slice(stream.indexOf('-') + 1)
    if (type === 'EscrowedKeyDestroyed') found.keys += await escrow.destroyKey(id)
    if (type === 'DataDestroyed') for (const unit of body.pub['units'] as string[]) await destroyUnit(unit)
    // Only KEKs of the escrow are destroyed by this method; keys that lie under it had to go first, and their events come before.
    if (
      type === 'ServiceKeyDestroyed' &&
      body.pub['method'] === 'kekDestroyed' &&
      (await escrow.keks()).get(id) !== 'destroyed'
    ) {
      // What is nobody's came back with the vault; what is somebody's has to be moved first, or nothing starts.
      found.keys += await removeUnneeded(ledger, escrow, id)
      await escrow.destroyKek(id)
      found.keks += 1
    }
  }
  found.keks += (await escrow.destroyKeksAgain()).length
  if (last !== undefined) {
    await escrow.setPurgedTo(textOfPlace(last))
    await dataKeys.setPurgedTo(textOfPlace(last))
  }
  return found
}
