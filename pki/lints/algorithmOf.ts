import type { Value } from '../derReader.ts'
import type { SignatureAlgorithm } from '../signer.ts'

/** The only AlgorithmIdentifiers that may sign, octet by octet: SHA-1 is not among them (RGS B1; RFC 4055 5; RFC 5758 3.2). */
const known: Readonly<Record<string, SignatureAlgorithm>> = {
  '300d06092a864886f70d01010b0500': 'sha256WithRSA',
  '300d06092a864886f70d01010c0500': 'sha384WithRSA',
  '300a06082a8648ce3d040302': 'ecdsaWithSHA256',
  '300a06082a8648ce3d040303': 'ecdsaWithSHA384',
}

export const algorithmOf = ({ der }: Value): SignatureAlgorithm | undefined =>
  known[Buffer.from(der).toString('hex')]
