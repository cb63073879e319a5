import { oids } from '../oids.ts'
import { attributesOf } from '../parseCertificate.ts'
import { type CertificateRule, everyCertificate } from '../rule.ts'

const printable: readonly string[] = [oids.country, oids.serialNumber]

export const subjectEncoding: CertificateRule = {
  name: 'subjectEncoding',
  citation: 'RGS A4 VII.1; RFC 5280 4.1.2.4, appendix A.1',
  appliesTo: everyCertificate,
  check: ({ subject }) =>
    attributesOf(subject)
      .filter(({ oid, tag }) => tag !== (printable.includes(oid) ? 0x13 : 0x0c))
      .map(({ oid }) => `${oid} has the wrong kind of string`),
}
