// The tokens that hold the keys, as the environment names them.
import { describe, expect, it } from 'vitest'
import { ConfigFault } from '../../cli/configFault.ts'
import { tokensFrom } from '../../cli/tokenConfig.ts'

const settings: Readonly<Record<string, string>> = {
  PKCS11_MODULE: '/usr/lib/softhsm/libsofthsm2.so',
  ...{ PKCS11_CA_TOKEN: 'authorities', PKCS11_CA_PIN: '246813579' },
  ...{ PKCS11_ESCROW_TOKEN: 'escrow', PKCS11_ESCROW_PIN: '975318642' },
}
const read = (env: Readonly<Record<string, string>>) => {
  const of = (name: string): string | undefined => env[name]
  return tokensFrom(of, of)
}

describe('tokens of a PKCS#11 module', () => {
  it('RGS A2 XI.2: are two, one for the authorities and one for the escrow', () => {
    expect(read({})).toBeUndefined()
    expect(read(settings)).toEqual({
      ...{ module: settings['PKCS11_MODULE'], sessions: 4, wrapMechanism: 0x210a },
      ca: { token: 'authorities', pin: '246813579' },
      escrow: { token: 'escrow', pin: '975318642' },
    })
    const others = { ...settings, PKCS11_SESSIONS: '2', PKCS11_WRAP_MECHANISM: 'CKM_AES_KEY_WRAP_KWP' }
    expect(read(others)).toMatchObject({ sessions: 2, wrapMechanism: 0x210b })
  })

  it.each([
    ['PKCS11_CA_TOKEN', ''],
    ['PKCS11_CA_PIN', ''],
    ['PKCS11_ESCROW_TOKEN', ''],
    ['PKCS11_ESCROW_PIN', ''],
    ['PKCS11_ESCROW_TOKEN', 'authorities'],
    ['PKCS11_WRAP_MECHANISM', 'CKM_AES_CBC'],
    ['PKCS11_SESSIONS', '0'],
    ['PKCS11_SESSIONS', 'many'],
  ])('RGS A2 XI.2: %s=%j is refused by its name, and no PIN is shown', (name, value) => {
    const reading = () => read({ ...settings, [name]: value })
    expect(reading).toThrow(ConfigFault)
    expect(reading).toThrow(new RegExp(`^${name}: `))
    expect(reading).not.toThrow(/246813579|975318642/)
  })
})
