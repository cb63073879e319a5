import { type CertificateRule, everyCertificate } from '../rule.ts'

export const extensionsOnce: CertificateRule = {
  name: 'extensionsOnce',
  citation: 'RFC 5280 4.2',
  appliesTo: everyCertificate,
  check: ({ extensions }) =>
    extensions
      .filter(({ oid }, i) => extensions.findIndex((other) => other.oid === oid) !== i)
      .map(({ oid }) => `${oid} comes twice`),
}
