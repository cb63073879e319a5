// CGU-46: a share of the PIN that was refused is a fact of the ledger, where there is one: that it was, and why. Nothing is sealed in it,
// so that no key is needed, which the PIN itself may be wanted for; neither the share nor its name is in it.
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createHandle } from '../commands/handle.ts'
import { openJournal, recordRefusal } from '../commands/journals.ts'
import type { Actor } from '../domain/kernel.ts'
import { quarterOf } from '../domain/policy/dates.ts'
import { systemCommandId } from '../ledger/ids.ts'
import type { ShareFaultCode } from '../hsm/shares.ts'
import { readConfig } from './config.ts'
import { instantsOf, ledgerOver, openStore, systemClock } from './parts.ts'
import { readRelease } from './shipped.ts'

const component = '00000000-0000-5000-8000-000000000002'

/**
 * Records the refusal in the ledger of the settings.
 * @returns false where no start has made a ledger
 * @throws LedgerFault where it is out of reach, as beside a service that has it open for writing
 */
export const recordPinRefusal = async (env: NodeJS.ProcessEnv, code: ShareFaultCode): Promise<boolean> => {
  const config = readConfig(env)
  if (config.ledgerUrl === undefined && !existsSync(join(config.dataDir, 'ledger'))) return false
  const store = await openStore(config)
  try {
    const ledger = ledgerOver(store, config, undefined)
    const handle = createHandle({ ledger, policy: config.policy.version, release: readRelease() })
    const at = instantsOf(systemClock)()
    const quarter = quarterOf(at)
    const journal = systemCommandId('Journal', `${config.policy.log}|pin shares|${quarter}`)
    const by: Actor = { person: component, role: 'program', auth: 'none', journal, entities: [] }
    const kind = 'component' as const
    const opening = { type: 'OpenJournal', id: journal, by, at, data: { journal, quarter, kind } } as const
    await handle(openJournal, opening)
    const data = { journal, command: 'CombinePinShares', code, clause: 'CGU-46' }
    await handle(recordRefusal, { type: 'RecordRefusal', id: randomUUID(), by, at, data })
    return true
  } finally {
    await store.close()
  }
}
