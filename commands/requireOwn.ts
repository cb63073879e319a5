// Ledger and keys of one installation belong together. The ids of its keys come from the policy's name of the log alone, so keys that meet a
// ledger which is not theirs would be taken for its own, or a second ceremony be held for them: found out before anything is done (CGU-105).
import { LedgerFault } from '../ledger/store.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { ServiceKeys } from '../pki/custody.ts'
import { serviceKeyId } from './ceremony.ts'
import { sha256 } from './issuing.ts'
import type { Service } from './program.ts'

/** A ledger and keys that do not belong together; what else may be wrong with either is told otherwise. */
export class NotOwn extends LedgerFault {}

type Installation = Readonly<{
  ledger: Pick<Ledger, 'entries' | 'lastRevision' | 'stream'>
  policy: Pick<Service['policy'], 'log'>
}>

/** The digest of the public key that custody has under an id; undefined where it has none. */
const heldUnder = async (keys: Pick<ServiceKeys, 'describe'>, id: string): Promise<string | undefined> => {
  try {
    return sha256((await keys.describe(id)).spki)
  } catch (error) {
    if ((error as { code?: unknown }).code === 'keyMissing') return undefined
    throw error
  }
}

/** What the ledger has of a key: that it was planned, and of the one that was made its digest. */
const recordedOf = async ({ ledger }: Installation, id: string) => {
  const stream = `servicekey-${id}`
  const found = { planned: false, destroyed: false, spkiSha256: undefined as string | undefined }
  if ((await ledger.lastRevision(stream)) < 0) return found
  for await (const { type, body } of ledger.stream(stream)) {
    if (type === 'ServiceKeyPlanned') found.planned = true
    if (type === 'ServiceKeyDestroyed') found.destroyed = true
    if (type === 'ServiceKeyGenerated') found.spkiSha256 = body.pub['spkiSha256'] as string | undefined
  }
  return found
}

const hasOtherRoot = async ({ ledger }: Installation): Promise<boolean> => {
  for await (const { type, body } of ledger.entries())
    if (type === 'ServiceKeyPlanned' && body.pub['purpose'] === 'root') return true
  return false
}

/**
 * Nothing is opened, made or written.
 * @throws NotOwn where the ledger is not that of the keys, or not that of the policy's log; LedgerFault where its root is not here; KeyFault
 */
export const requireOwn = async (
  installation: Installation,
  keys: Pick<ServiceKeys, 'describe'>,
): Promise<void> => {
  const { policy } = installation
  const id = serviceKeyId(policy, 'root', 1)
  const recorded = await recordedOf(installation, id)
  const held = recorded.planned && recorded.spkiSha256 === undefined ? undefined : await heldUnder(keys, id)
  if (recorded.planned) {
    if (recorded.spkiSha256 === undefined || held === recorded.spkiSha256 || recorded.destroyed) return
    if (held === undefined)
      throw new LedgerFault(
        'the ledger has a root whose key is not here: restore keys and vault, or the tokens, from a backup; look at DATA_DIR and LEDGER_URL',
      )
    throw new NotOwn(
      'the ledger is of another installation: the key of its root is not the one that is here; look at LEDGER_URL, DATA_DIR and the tokens',
    )
  }
  if (held !== undefined)
    throw new NotOwn(
      'the ledger has nothing of the keys that are here: it is another one (LEDGER_URL, DATA_DIR), or it has not been given back yet; no other is begun for them',
    )
  if (await hasOtherRoot(installation))
    throw new NotOwn(
      `the ledger is of another log than the policy's ${policy.log}: the authorities in it have other keys (POLICY_FILE, LEDGER_URL)`,
    )
}
