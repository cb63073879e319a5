import { type CertificateRule, everySubordinate, same, unless } from '../rule.ts'

export const keyOfItsOwn: CertificateRule = {
  name: 'keyOfItsOwn',
  citation: 'RGS A2 IV.6; CGU-60',
  appliesTo: everySubordinate,
  check: ({ spki }, { issuer }) => unless(!same(spki.der, issuer?.spki.der), "the issuer's own key"),
}
