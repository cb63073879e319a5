import { AsnConvert } from '@peculiar/asn1-schema'
import { SubjectAlternativeName } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { extensionValue } from '../parseExtensions.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const subjectAltName: CertificateRule = {
  name: 'subjectAltName',
  citation: 'RFC 5280 4.2.1.6; RFC 9598 3; EN 319 412-2 GEN-4.3.5-1',
  appliesTo: ['holder'],
  check: (parsed) => {
    const value = extensionValue(parsed, oids.subjectAltName)
    if (value === undefined) return []
    // Not by `decoded`, which remembers: the address is a person's.
    const names = AsnConvert.parse(value, SubjectAlternativeName)
    const [email] = [...names].map(({ rfc822Name }) => rfc822Name)
    return [
      ...unless(names.length === 1, 'one name expected'),
      ...unless(/^[!#-'*+\-./0-9=?A-Z^-~]+@[A-Za-z0-9.-]+$/.test(email ?? ''), 'not an ASCII mailbox'),
    ]
  },
}
