import { type CrlRule, same, unless } from '../rule.ts'

export const crlIssuerName: CrlRule = {
  name: 'crlIssuerName',
  citation: 'RFC 5280 5.1.2.3; RGS A4 III',
  appliesTo: ['crl'],
  check: ({ issuer }, facts) =>
    unless(same(issuer.der, facts.issuer.subject.der), "not the issuer's subject, octet by octet"),
}
