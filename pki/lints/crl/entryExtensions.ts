import { type CrlEntryRule } from '../rule.ts'

export const entryExtensions: CrlEntryRule = {
  name: 'entryExtensions',
  citation: 'RFC 5280 5.3; RGS A2 IX.3.1; decision D3',
  appliesTo: ['crl'],
  checkEntries:
    () =>
    ({ more }) =>
      more ? 'an entry has extensions: causes are confidential' : undefined,
}
