import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

export const issuerName: CertificateRule = {
  name: 'issuerName',
  citation: 'RFC 5280 4.1.2.4; CGU-03',
  appliesTo: everyCertificate,
  check: ({ issuer, subject }, facts) => [
    ...unless(issuer.content.length > 0, 'empty'),
    ...unless(
      same(issuer.der, facts.issuer?.subject.der ?? subject.der),
      "not the issuer's subject, octet by octet",
    ),
  ],
}
