import { parseCertificate } from '../parseCertificate.ts'
import { type OcspRule, same, unless } from '../rule.ts'

export const responderCertificate: OcspRule = {
  name: 'responderCertificate',
  citation: 'RFC 9919 3.2.1; RFC 6960 4.2.1',
  appliesTo: ['ocsp'],
  check: ({ certificates }, { issuer, responder }) => {
    if (certificates === undefined) return []
    const keys = certificates.map(({ der }) => parseCertificate(der).spki.der)
    const wanted = same(responder.spki.der, issuer.spki.der) ? [] : [responder.spki.der]
    return unless(
      keys.length === wanted.length && keys.every((key, i) => same(key, wanted[i])),
      "not the responder's certificate alone",
    )
  },
}
