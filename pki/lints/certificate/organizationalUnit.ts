import { attributeText } from '../attributeText.ts'
import { oids } from '../oids.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const organizationalUnit: CertificateRule = {
  name: 'organizationalUnit',
  citation: 'RGS A4 VII; ISO 6523',
  appliesTo: everyCertificate,
  check: (parsed) =>
    unless(
      /^0002 (\d{9}|\d{14})$/.test(attributeText(parsed, oids.organizationalUnit)),
      'not 0002 and a SIREN or SIRET',
    ),
}
