import { oids } from '../oids.ts'
import { attributesOf, type RawAttribute } from '../parseCertificate.ts'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

/** Upper bounds in characters; the others may have 32 768. */
const bounds: Readonly<Record<string, number>> = {
  [oids.commonName]: 64,
  [oids.organization]: 64,
  [oids.organizationalUnit]: 64,
  [oids.serialNumber]: 64,
  [oids.country]: 2,
}

const faultsOf = ({ oid, text }: RawAttribute): readonly string[] => [
  ...unless(Array.from(text).length <= (bounds[oid] ?? 32_768), `${oid} is too long`),
  ...unless(text.trim() === text && text !== '', `${oid} is empty or has space around it`),
  ...unless(text.normalize('NFC') === text, `${oid} is not in NFC`),
  ...unless(!/[\p{C}\p{Zl}\p{Zp}\uFFFD]/u.test(text), `${oid} has an invisible character`),
]

export const subjectText: CertificateRule = {
  name: 'subjectText',
  citation: 'RFC 5280 4.1.2.4, appendix A.1 upper bounds; RFC 5198',
  appliesTo: everyCertificate,
  check: ({ subject }) => attributesOf(subject).flatMap(faultsOf),
}
