import { attributeText } from '../attributeText.ts'
import { oids } from '../oids.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

export const countryCode: CertificateRule = {
  name: 'countryCode',
  citation: 'RGS A4 VII; ISO 3166-1',
  appliesTo: everyCertificate,
  check: (parsed) => unless(/^[A-Z]{2}$/.test(attributeText(parsed, oids.country)), 'not two capitals'),
}
