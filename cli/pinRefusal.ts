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
import { LedgerFault } from '../ledger/store.ts'
import { readConfig } from './config.ts'
import { instantsOf, ledgerOver, openStore, systemClock } from './parts.ts'
import { readRelease } from './shipped.ts'

const component = '00000000-0000-5000-8000-000000000002'

export type PinRefusals = Readonly<{
  /** Records that shares were refused, and why. */
  record: (code: ShareFaultCode) => Promise<void>
  close: () => Promise<void>
}>

/** Where no start has made a ledger there is nothing to tell. */
const noLedger: PinRefusals = { record: async () => undefined, close: async () => undefined }

/** The PIN may be what is being put together, for a file that is not there yet: nothing here opens a token. */
const withoutPins = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  if (env['PKCS11_MODULE'] === undefined) return env
  const pins = ['PKCS11_CA_PIN', 'PKCS11_ESCROW_PIN']
  const others = Object.entries(env).filter(([name]) => !pins.includes(name.replace(/_FILE$/, '')))
  return { ...Object.fromEntries(others), ...Object.fromEntries(pins.map((name) => [name, 'not looked at'])) }
}

/** @throws LedgerFault that says what to do, and what the ledger said */
const openToWrite = async <T>(open: () => Promise<T>): Promise<T> => {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof LedgerFault)) throw error
    throw new LedgerFault(
      `no share is read before the ledger can be written to (CGU-46): ${error.message}. Stop the service first, where the ledger is its own`,
      { cause: error },
    )
  }
}

/**
 * Opens the ledger of the settings, and a journal in it, before any share is looked at: none is refused without a trace.
 * @throws LedgerFault where it cannot be written to, as beside a service that has it open itself
 */
export const openPinRefusals = async (env: NodeJS.ProcessEnv): Promise<PinRefusals> => {
  const config = readConfig(withoutPins(env))
  if (config.ledgerUrl === undefined && !existsSync(join(config.dataDir, 'ledger'))) return noLedger
  const store = await openToWrite(() => openStore(config))
  const ledger = ledgerOver(store, config, undefined)
  const handle = createHandle({ ledger, policy: config.policy.version, release: readRelease() })
  const at = instantsOf(systemClock)()
  const quarter = quarterOf(at)
  const journal = systemCommandId('Journal', `${config.policy.log}|pin shares|${quarter}`)
  const by: Actor = { person: component, role: 'program', auth: 'none', journal, entities: [] }
  const kind = 'component' as const
  const opening = { type: 'OpenJournal', id: journal, by, at, data: { journal, quarter, kind } } as const
  try {
    await openToWrite(() => handle(openJournal, opening))
  } catch (error) {
    await store.close()
    throw error
  }
  return {
    close: store.close,
    record: async (code) => {
      const data = { journal, command: 'CombinePinShares', code, clause: 'CGU-46' }
      await handle(recordRefusal, { type: 'RecordRefusal', id: randomUUID(), by, at, data })
    },
  }
}
