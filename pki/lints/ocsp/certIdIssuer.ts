import { createHash } from 'node:crypto'
import { CertID } from '@peculiar/asn1-ocsp'
import { AsnConvert } from '@peculiar/asn1-schema'
import { keyOctets } from '../parseCertificate.ts'
import type { SingleResponse } from '../parseOcsp.ts'
import { type OcspFacts, type OcspRule, same } from '../rule.ts'

const digests: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
}

const ofIssuer = (response: SingleResponse, { issuer }: OcspFacts): boolean => {
  const certId = AsnConvert.parse(response.certId.der, CertID)
  const digest = digests[certId.hashAlgorithm.algorithm]
  if (digest === undefined) return false
  const hash = (bytes: Uint8Array): Uint8Array => createHash(digest).update(bytes).digest()
  return (
    same(hash(issuer.subject.der), new Uint8Array(certId.issuerNameHash.buffer)) &&
    same(hash(keyOctets(issuer.spki)), new Uint8Array(certId.issuerKeyHash.buffer))
  )
}

export const certIdIssuer: OcspRule = {
  name: 'certIdIssuer',
  citation: 'RFC 6960 4.1.1, 4.2.2.2; CGU-107',
  appliesTo: ['ocsp'],
  check: ({ responses }, facts) =>
    responses
      .filter((response) => response.status.tag !== 0x82 && !ofIssuer(response, facts))
      .map(() => "a status for another issuer's certificate"),
}
