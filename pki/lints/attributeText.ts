import { attributesOf, type ParsedCertificate } from './parseCertificate.ts'

/** Text of the subject's first attribute of this type; empty when there is none. */
export const attributeText = ({ subject }: ParsedCertificate, oid: string): string =>
  attributesOf(subject).find((attribute) => attribute.oid === oid)?.text ?? ''
