import { ExtendedKeyUsage, KeyUsage } from '@peculiar/asn1-x509'
import { oids } from '../oids.ts'
import { decoded, decodedItems } from '../parseExtensions.ts'
import { type OcspRule, same, unless } from '../rule.ts'

export const responderAuthorised: OcspRule = {
  name: 'responderAuthorised',
  citation: 'RFC 6960 4.2.2.2; decision D8, decision D9',
  appliesTo: ['ocsp'],
  check: (_, { issuer, responder }) => {
    const usage = decoded(responder, oids.keyUsage, KeyUsage)?.toJSON() ?? []
    const purposes = decodedItems(responder, oids.extendedKeyUsage, ExtendedKeyUsage)
    const isIssuer = same(responder.spki.der, issuer.spki.der)
    return [
      ...unless(usage.includes('digitalSignature'), 'this key may not sign responses'),
      ...unless(
        isIssuer || same(responder.issuer.der, issuer.subject.der),
        'the responder was not certified by the issuer itself',
      ),
      ...unless(isIssuer || purposes.includes(oids.ocspSigning), 'the responder was not certified to be one'),
    ]
  },
}
