import { read } from '../../derReader.ts'
import { oids } from '../oids.ts'
import { millis } from '../parseCertificate.ts'
import { extensionValue } from '../parseExtensions.ts'
import { generalizedTimeFaults } from '../timeFaults.ts'
import { type CrlRule, unless } from '../rule.ts'

export const expiredCertsOnCrl: CrlRule = {
  name: 'expiredCertsOnCrl',
  citation: 'X.509 9.5.2.8; EN 319 411-2 CSS-6.3.10-03, -05, -06',
  appliesTo: ['crl'],
  check: (parsed, { issuer }) => {
    const value = read(extensionValue(parsed, oids.expiredCertsOnCrl) ?? new Uint8Array())
    return [
      ...generalizedTimeFaults(value),
      ...unless(millis(value) === millis(issuer.validity[0]), "not the beginning of the issuer's life"),
    ]
  },
}
