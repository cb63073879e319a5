import { oids } from '../oids.ts'
import { attributesOf } from '../parseCertificate.ts'
import { type CertificateRule, everyCertificate } from '../rule.ts'

const authority = [
  oids.country,
  oids.organization,
  oids.organizationalUnit,
  oids.organizationIdentifier,
  oids.commonName,
]
const holder = [
  oids.country,
  oids.organization,
  oids.organizationalUnit,
  oids.surname,
  oids.givenName,
  oids.serialNumber,
  oids.commonName,
]

export const subjectAttributes: CertificateRule = {
  name: 'subjectAttributes',
  citation: 'RGS A4 VII; EN 319 412-2 GEN-4.2.3.1-5, NAT-4.2.4-1 to -13',
  appliesTo: everyCertificate,
  check: ({ subject }, { profile }) => {
    const found = attributesOf(subject).map(({ oid }) => oid)
    const expected: readonly string[] = profile === 'holder' ? holder : authority
    return [
      ...expected.filter((oid) => !found.includes(oid)).map((oid) => `${oid} is missing`),
      ...found.filter((oid) => !expected.includes(oid)).map((oid) => `${oid} has no place here`),
      ...found.filter((oid, i) => found.indexOf(oid) !== i).map((oid) => `${oid} comes twice`),
    ]
  },
}
