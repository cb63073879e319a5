// The tokens that hold the keys, from the environment: a module, and two tokens of it (PKCS11_…).
import { ConfigFault } from './configFault.ts'

/** One token: its label or serial number, and its PIN; and the names of those that it must not be. */
type TokenConfig = Readonly<{ token: string; pin: string; apartFrom?: readonly string[] }>
export type TokensConfig = Readonly<{
  /** File of the PKCS#11 module. */
  module: string
  sessions: number
  /** RFC 5649, by the mechanism that the module knows it under. */
  wrapMechanism: number
  /** The keys of the authorities; and those of the escrow, elsewhere. */
  ca: TokenConfig
  escrow: TokenConfig
}>

/** PKCS#11 v3.0 2.13: the second one was given its number late, and modules differ. */
const wrapMechanisms: Readonly<Record<string, number>> = {
  CKM_AES_KEY_WRAP_PAD: 0x210a,
  CKM_AES_KEY_WRAP_KWP: 0x210b,
}

type Read = (name: string) => string | undefined

const requiredFrom =
  (read: Read) =>
  (name: string): string => {
    const text = read(name)
    if (text === undefined || text === '')
      throw new ConfigFault(`${name}: is needed, as PKCS11_MODULE is set`)
    return text
  }

const sessionsFrom = (text: string): number => {
  const sessions = Number(text)
  if (!/^\d{1,2}$/.test(text) || sessions < 1)
    throw new ConfigFault(`PKCS11_SESSIONS: ${text} is no number from 1 to 99`)
  return sessions
}

/**
 * @param read a setting; @param secret a setting that may also come from the file that `<name>_FILE` names
 * @returns undefined where the keys are in software
 * @throws ConfigFault that names the setting
 */
export const tokensFrom = (read: Read, secret: Read): TokensConfig | undefined => {
  const module = read('PKCS11_MODULE')
  if (module === undefined) return undefined
  const [setting, pin] = [requiredFrom(read), requiredFrom(secret)]
  const named = read('PKCS11_WRAP_MECHANISM') ?? 'CKM_AES_KEY_WRAP_PAD'
  const wrapMechanism = wrapMechanisms[named]
  if (wrapMechanism === undefined)
    throw new ConfigFault(
      `PKCS11_WRAP_MECHANISM: ${named} is none of ${Object.keys(wrapMechanisms).join(', ')}`,
    )
  const ca = { token: setting('PKCS11_CA_TOKEN'), pin: pin('PKCS11_CA_PIN') }
  const escrow = { token: setting('PKCS11_ESCROW_TOKEN'), pin: pin('PKCS11_ESCROW_PIN') }
  if (ca.token === escrow.token)
    throw new ConfigFault('PKCS11_ESCROW_TOKEN: the escrow has a token of its own, not PKCS11_CA_TOKEN')
  return { module, sessions: sessionsFrom(read('PKCS11_SESSIONS') ?? '4'), wrapMechanism, ca, escrow }
}
