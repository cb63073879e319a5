import { type CrlEntryRule } from '../rule.ts'

/** Ours all have 16 octets, the first from 40 to 7f: smallest form, positive, not too long. */
const ours = (content: Uint8Array): boolean => {
  const [first = 0] = content
  return content.length === 16 && first >= 0x40 && first < 0x80
}

export const entrySerial: CrlEntryRule = {
  name: 'entrySerial',
  citation: 'RFC 5280 4.1.2.2, 5.1.2.6',
  appliesTo: ['crl'],
  checkEntries:
    () =>
    ({ serial }) =>
      ours(serial.content) ? undefined : 'a serial number that this authority never gives',
}
