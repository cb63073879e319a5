import { oids } from '../oids.ts'
import { type CrlRule } from '../rule.ts'

const required: readonly string[] = [oids.authorityKeyIdentifier, oids.crlNumber, oids.expiredCertsOnCrl]

export const crlExtensions: CrlRule = {
  name: 'crlExtensions',
  citation: 'RGS A4 III; RFC 5280 5.2; EN 319 411-2 CSS-6.3.10-05; regulation.md 2.4',
  appliesTo: ['crl'],
  check: ({ extensions }) => {
    const found = extensions.map(({ oid }) => oid)
    return [
      ...required.filter((oid) => !found.includes(oid)).map((oid) => `${oid} is missing`),
      ...found.filter((oid) => !required.includes(oid)).map((oid) => `${oid} has no place here`),
      ...found.filter((oid, i) => found.indexOf(oid) !== i).map((oid) => `${oid} comes twice`),
    ]
  },
}
