// CGU-116: what was destroyed stays destroyed. A vault or a token that was restored from a backup has keys again that the ledger says
// are gone: before anything is served, or so much as read, the ledger's destructions are carried out on it once more. Each store
// remembers up to where that was done; a restored one remembers less, and so does more. (proofs.md section 2, events.md P6)
import type { Ledger } from '../ledger/ledger.ts'
import { comparePositions, type Position } from '../ledger/store.ts'
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
  ledger: Pick<Ledger, 'entries' | 'load'>
  escrow: Pick<
    EscrowCare,
    'destroyKey' | 'keyOf' | 'rows' | 'destroyKek' | 'destroyKeksAgain' | 'keks' | 'purgedTo' | 'setPurgedTo'
  >
  dataKeys: DoomedDataKeys
}>

/** What was there again. */
export type Undead = Readonly<{ keys: number; dataKeys: number; keks: number }>

const serialOf = (unit: string): string => unit.slice(unit.indexOf('/') + 1)
/** As the vault keeps a position of the ledger. */
export const textOf = ({ commit, prepare }: Position): string => `${commit}/${prepare}`
export const positionOf = (text: string): Position => {
  const [commit = '0', prepare = '0'] = text.split('/')
  return { commit: BigInt(commit), prepare: BigInt(prepare) }
}

/** The earlier of the two: what the other one has done already is done again, and nothing happens. */
const startOf = (one: string | undefined, other: string | undefined): Position | undefined => {
  if (one === undefined || other === undefined) return undefined
  const [a, b] = [positionOf(one), positionOf(other)]
  return comparePositions(a, b) < 0 ? a : b
}

/**
 * Destroys again whatever the ledger says was destroyed.
 * @returns how much of it was there again
 * @throws faults of the ledger or of custody: nothing is to be served then. `kekNeeded` above all: the vault comes from a backup of
 *   before its keys were moved away from a KEK that is destroyed since
 */
export const purgeDestroyed = async ({ ledger, escrow, dataKeys }: PurgeTools): Promise<Undead> => {
  const found = { keys: 0, dataKeys: 0, keks: 0 }
  let last: Position | undefined
  const destroyUnit = async (unit: string): Promise<void> => {
    const key = classOfUnit(unit) === 'escrow' ? await escrow.keyOf(serialOf(unit)) : undefined
    if (key !== undefined) found.keys += await escrow.destroyKey(key)
    const keyId = keyIdOfUnit(unit)
    if (await dataKeys.isDestroyed(keyId)) return
    await dataKeys.destroy(keyId)
    found.dataKeys += 1
  }
  const start = startOf(await escrow.purgedTo(), await dataKeys.purgedTo())
  for await (const { stream, type, body, position } of ledger.entries(start)) {
    last = position
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
    await escrow.setPurgedTo(textOf(last))
    await dataKeys.setPurgedTo(textOf(last))
  }
  return found
}
