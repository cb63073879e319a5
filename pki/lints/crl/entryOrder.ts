import { type CrlEntryRule } from '../rule.ts'

export const entryOrder: CrlEntryRule = {
  name: 'entryOrder',
  citation: 'CGU-05: a certificate is on the list once; architecture.md: the list is rebuilt octet by octet',
  appliesTo: ['crl'],
  checkEntries:
    () =>
    ({ serial }, before) =>
      before === undefined || Buffer.compare(before.serial.content, serial.content) < 0
        ? undefined
        : 'not in the order of the serial numbers, or twice',
}
