import { integerHex, read } from '../../derReader.ts'
import { oids } from '../oids.ts'
import { extensionValue } from '../parseExtensions.ts'
import { type CrlRule, unless } from '../rule.ts'

export const crlNumber: CrlRule = {
  name: 'crlNumber',
  citation: 'RFC 5280 5.2.3; RGS A4 III.2; CGU-05',
  appliesTo: ['crl'],
  check: (parsed, { number }) => {
    const value = read(extensionValue(parsed, oids.crlNumber) ?? new Uint8Array())
    const hex = integerHex(value)
    return [
      ...unless(value.content.length <= 20, 'more than 20 octets'),
      ...unless(!/^[89a-f]/.test(hex), 'negative'),
      ...unless(number === undefined || BigInt(`0x${hex}`) === BigInt(number), 'not the next number'),
    ]
  },
}
