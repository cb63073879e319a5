import { read } from '../../derReader.ts'
import { oids } from '../oids.ts'
import { millis } from '../parseCertificate.ts'
import { extensionValue } from '../parseExtensions.ts'
import type { SingleResponse } from '../parseOcsp.ts'
import { generalizedTimeFaults } from '../timeFaults.ts'
import { type OcspFacts, type OcspRule, unless } from '../rule.ts'

const cutoffFaults = (response: SingleResponse, { issuer }: OcspFacts): readonly string[] => {
  const value = extensionValue(response, oids.archiveCutoff)
  if (value === undefined) return ['archiveCutoff is missing']
  const time = read(value)
  return [
    ...generalizedTimeFaults(time),
    ...unless(millis(time) === millis(issuer.validity[0]), "not the beginning of the issuer's life"),
  ]
}

export const archiveCutoff: OcspRule = {
  name: 'archiveCutoff',
  citation: 'RFC 6960 4.4.4; EN 319 411-2 CSS-6.3.10-10',
  appliesTo: ['ocsp'],
  check: ({ responses }, facts) =>
    responses
      .filter(({ status }) => status.tag !== 0x82)
      .flatMap((response) => cutoffFaults(response, facts)),
}
