import { createPublicKey } from 'node:crypto'
import { type CertificateRule, everyCertificate, unless } from '../rule.ts'

const curves = ['prime256v1', 'secp384r1', 'secp521r1']

const rsaFaults = (bits: number, exponent: bigint): readonly string[] => [
  ...unless(bits >= 3072, 'an RSA key of fewer than 3072 bits'),
  ...unless(exponent === 65_537n, 'a public exponent other than 65537'),
]

export const publicKey: CertificateRule = {
  name: 'publicKey',
  citation: 'RGS B1 RègleFact-1 to -4, RègleECp-2; RFC 5480 2.1.1; decision D4',
  appliesTo: everyCertificate,
  check: ({ spki }, { profile }) => {
    const key = createPublicKey({ key: Buffer.from(spki.der), format: 'der', type: 'spki' })
    const details = key.asymmetricKeyDetails ?? {}
    if (key.asymmetricKeyType === 'rsa') {
      return rsaFaults(details.modulusLength ?? 0, details.publicExponent ?? 0n)
    }
    return [
      ...unless(profile !== 'holder', 'a holder has an RSA key'),
      ...unless(curves.includes(details.namedCurve ?? ''), 'neither RSA nor a curve that is allowed'),
    ]
  },
}
