// The KEKs of the escrow as keys of the service (RGS VI.1.1): each has a stream of its own under its id, from the day that it is first
// used to the day that two officers destroy it.
import { certificate } from '../domain/certificate.ts'
import { key } from '../domain/key.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { EscrowCare, KekDescription } from '../pki/custody.ts'
import { planServiceKey, recordServiceKey } from './ceremonyActs.ts'
import { sha256 } from './issuing.ts'
import { refusalCodeOf } from './keyRefusals.ts'
import { perform, type Service } from './program.ts'

const script =
  'KEK du séquestre de l’année, faite dans le module à son premier usage ; elle n’en sort jamais.'
const present = 'programme : KEK de l’année, sans témoin'

type Loads = Pick<Ledger, 'loadPublic'>

/** Whether the ledger says that somebody's data may still depend on a key. */
const isNeeded = async (ledger: Loads, spki: string): Promise<boolean> => {
  const held = (await ledger.loadPublic(key, spki)).state
  if (held.status === 'unknown' || held.status === 'destroyed') return false
  if (held.status !== 'bound') return true
  return (await ledger.loadPublic(certificate, held.serial)).state.status !== 'abandoned'
}

/**
 * Removes keys that lie under a KEK and were never anybody's: of the stock, given up, or set aside for a serial that was abandoned.
 * The rest has to be moved (rewrapKeys.ts), or to come to its term (destroyUnits.ts). @returns how many were removed
 */
export const removeUnneeded = async (
  ledger: Loads,
  escrow: Pick<EscrowCare, 'unkept' | 'destroyKey'>,
  kek: string,
): Promise<number> => {
  let removed = 0
  for (const row of await escrow.unkept())
    if (row.kek === kek && !(await isNeeded(ledger, row.spkiSha256)))
      removed += await escrow.destroyKey(row.spkiSha256)
  return removed
}

/**
 * How many keys lie under KEKs that are gone, as where the token was restored from before they were made: nobody can recover these.
 * @param kekOf throws `kekMissing` of custody for one that is gone
 */
export const keysOfLostKeks = async (
  escrow: Pick<EscrowCare, 'countsByKek'>,
  kekOf: (kek: string) => Promise<unknown>,
): Promise<number> => {
  let lost = 0
  for (const [kek, keys] of await escrow.countsByKek())
    try {
      await kekOf(kek)
    } catch (error) {
      if (refusalCodeOf(error) !== 'kekMissing') throw error
      lost += keys
    }
  return lost
}

/** Records a KEK of the escrow, where the ledger does not know it yet. @returns its id */
export const recordKek = async (
  service: Service,
  { id, module, token, attributes }: KekDescription,
): Promise<string> => {
  if ('copies' in (await service.ledger.load(serviceKey, id)).state) return id
  const circumstances = { correlationId: id }
  const about = { servicekey: id, present }
  await perform(service, planServiceKey, {
    key: id,
    data: { ...about, purpose: 'escrowKek', algorithm: 'aes256', scriptSha256: sha256(script) },
    circumstances,
  })
  const checkValue = attributes['CKA_CHECK_VALUE']
  await perform(service, recordServiceKey, {
    key: id,
    data: {
      ...{ ...about, module, token, attributesSha256: sha256(JSON.stringify(attributes)) },
      ...(typeof checkValue === 'string' && checkValue !== '' ? { checkValue } : {}),
      minutesSha256: sha256(JSON.stringify({ script, id, module, token, attributes })),
    },
    circumstances,
  })
  return id
}
