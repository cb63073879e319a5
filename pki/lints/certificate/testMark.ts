import { oids } from '../oids.ts'
import { attributesOf } from '../parseCertificate.ts'
import { type CertificateRule, everyCertificate } from '../rule.ts'

const marked: readonly string[] = [oids.commonName, oids.surname, oids.givenName]

export const testMark: CertificateRule = {
  name: 'testMark',
  citation: 'RGS A4 II.4',
  appliesTo: everyCertificate,
  check: ({ subject }, { policy }) => {
    const test = policy.environment !== 'production'
    return attributesOf(subject)
      .filter(({ oid, text }) => marked.includes(oid) && text.startsWith('TEST ') !== test)
      .map(({ oid }) => `${oid} ${test ? 'does not begin' : 'begins'} with TEST`)
  },
}
