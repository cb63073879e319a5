import { CertificatePolicies } from '@peculiar/asn1-x509'
import { read } from '../../derReader.ts'
import { oids } from '../oids.ts'
import { decodedItems } from '../parseExtensions.ts'
import { type CertificateRule, unless } from '../rule.ts'

export const cpsUri: CertificateRule = {
  name: 'cpsUri',
  citation: 'RFC 5280 4.2.1.4; CGU-12',
  appliesTo: ['holder'],
  check: (parsed, { policy }) => {
    const [found] = decodedItems(parsed, oids.certificatePolicies, CertificatePolicies)
    const [qualifier, ...others] = found?.policyQualifiers ?? []
    if (qualifier?.policyQualifierId !== oids.cps || others.length > 0) return ['one CPS URI expected']
    const uri = Buffer.from(read(new Uint8Array(qualifier.qualifier)).content).toString('latin1')
    return unless(uri === policy.holder.cpsUri, 'not the URI of the policy')
  },
}
