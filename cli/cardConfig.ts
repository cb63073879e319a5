// The driver of the holders' cards, from the environment (CARD_…).
import { join, resolve } from 'node:path'
import { ConfigFault } from './configFault.ts'

export type CardsConfig =
  | Readonly<{ driver: 'software' | 'pcsc' }>
  | Readonly<{
      driver: 'token'
      /** File of the SoftHSM2 module. */
      module: string
      /** Where each card is a token of its own. */
      directory: string
    }>

const drivers = ['software', 'token', 'pcsc'] as const

/**
 * @param read a setting
 * @throws ConfigFault that names the setting
 */
export const cardsFrom = (read: (name: string) => string | undefined, dataDir: string): CardsConfig => {
  const named = read('CARD_DRIVER') ?? 'software'
  const driver = drivers.find((one) => one === named)
  if (driver === undefined) throw new ConfigFault(`CARD_DRIVER: ${named} is none of ${drivers.join(', ')}`)
  if (driver !== 'token') return { driver }
  const module = read('CARD_TOKEN_MODULE') ?? read('PKCS11_MODULE')
  if (module === undefined || module === '')
    throw new ConfigFault(
      'CARD_TOKEN_MODULE: is needed, as CARD_DRIVER is token and PKCS11_MODULE is not set',
    )
  return { driver, module, directory: resolve(read('CARD_TOKEN_DIR') ?? join(dataDir, 'cards', 'tokens')) }
}
