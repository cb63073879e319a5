import { oids } from '../oids.ts'
import type { RawExtension } from '../parseExtensions.ts'
import { type OcspRule, unless } from '../rule.ts'

const faultsOf = (extensions: readonly RawExtension[], allowed: string): readonly string[] =>
  extensions.flatMap(({ oid, criticalField }, i) => [
    ...unless(oid === allowed, `${oid} has no place here`),
    ...unless(i === 0, 'more than one extension'),
    ...unless(criticalField === undefined, `${oid} says whether it is critical, and must not be`),
  ])

export const ocspExtensions: OcspRule = {
  name: 'ocspExtensions',
  citation: 'RFC 6960 4.4; regulation.md 2.5',
  appliesTo: ['ocsp'],
  check: ({ extensions, responses }) => [
    ...faultsOf(extensions, oids.nonce),
    ...responses.flatMap((response) => faultsOf(response.extensions, oids.archiveCutoff)),
  ],
}
