// The driver of the holders' cards, from the environment (CARD_…).
import { join, resolve } from 'node:path'
import { ConfigFault } from './configFault.ts'

export type CardsConfig =
  | Readonly<{
      driver: 'software' | 'pcsc'
      /** With `pcsc`. The name of the desk's reader, or the words that it begins with; undefined: every reader of the machine. */
      reader?: string
    }>
  | Readonly<{
      driver: 'token'
      /** File of the SoftHSM2 module. */
      module: string
      /** Where each card is a token of its own. */
      directory: string
    }>

type Read = (name: string) => string | undefined

/** @throws ConfigFault */
const readerOf = (read: Read, driver: string): Readonly<{ reader?: string }> => {
  const reader = read('CARD_READER')
  if (reader === undefined) return {}
  if (driver === 'pcsc' && reader !== '') return { reader }
  throw new ConfigFault('CARD_READER: is the name of a reader, for CARD_DRIVER=pcsc')
}

/** @throws ConfigFault */
const tokenCards = (read: Read, dataDir: string): CardsConfig => {
  const module = read('CARD_TOKEN_MODULE') ?? read('PKCS11_MODULE')
  if (module === undefined || module === '')
    throw new ConfigFault(
      'CARD_TOKEN_MODULE: is needed, as CARD_DRIVER is token and PKCS11_MODULE is not set',
    )
  const directory = resolve(read('CARD_TOKEN_DIR') ?? join(dataDir, 'cards', 'tokens'))
  return { driver: 'token', module, directory }
}

const drivers = ['software', 'token', 'pcsc'] as const

/**
 * @param read a setting
 * @throws ConfigFault that names the setting
 */
export const cardsFrom = (read: Read, dataDir: string): CardsConfig => {
  const named = read('CARD_DRIVER') ?? 'software'
  const driver = drivers.find((one) => one === named)
  if (driver === undefined) throw new ConfigFault(`CARD_DRIVER: ${named} is none of ${drivers.join(', ')}`)
  if (driver === 'token') return tokenCards(read, dataDir)
  return { driver, ...readerOf(read, driver) }
}
