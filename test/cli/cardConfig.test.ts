// The driver of the cards, as the environment names it.
import { describe, expect, it } from 'vitest'
import { cardsFrom } from '../../cli/cardConfig.ts'
import { ConfigFault } from '../../cli/configFault.ts'

const read = (env: Readonly<Record<string, string>>) => cardsFrom((name) => env[name], '/var/lib/data')

describe('the driver of the cards', () => {
  it('CGU-14: is software where none is named, or tokens of a module, each in a folder of one reader', () => {
    expect(read({})).toEqual({ driver: 'software' })
    expect(read({ CARD_DRIVER: 'pcsc' })).toEqual({ driver: 'pcsc' })
    const bound = { driver: 'pcsc', reader: 'Guichet 2' }
    expect(read({ CARD_DRIVER: 'pcsc', CARD_READER: 'Guichet 2' })).toEqual(bound)
    const token = { driver: 'token', module: '/usr/lib/a.so', directory: '/var/lib/data/cards/tokens' }
    expect(read({ CARD_DRIVER: 'token', PKCS11_MODULE: '/usr/lib/a.so' })).toEqual(token)
    const own = { CARD_TOKEN_MODULE: '/usr/lib/b.so', CARD_TOKEN_DIR: '/var/lib/reader' }
    expect(read({ CARD_DRIVER: 'token', PKCS11_MODULE: '/usr/lib/a.so', ...own })).toEqual({
      ...{ driver: 'token', module: '/usr/lib/b.so', directory: '/var/lib/reader' },
    })
  })

  it.each([
    [{ CARD_DRIVER: 'usb' }, 'CARD_DRIVER: usb is none of software, token, pcsc'],
    [{ CARD_DRIVER: 'pcsc', CARD_READER: '' }, 'CARD_READER: is the name of a reader'],
    [{ CARD_READER: 'Guichet 2' }, 'CARD_READER: is the name of a reader'],
    [{ CARD_DRIVER: 'token' }, 'CARD_TOKEN_MODULE: is needed'],
    [{ CARD_DRIVER: 'token', CARD_TOKEN_MODULE: '' }, 'CARD_TOKEN_MODULE: is needed'],
  ])('CGU-14: %j is refused by its name', (env, message) => {
    expect(() => read(env)).toThrow(ConfigFault)
    expect(() => read(env)).toThrow(message)
  })
})
