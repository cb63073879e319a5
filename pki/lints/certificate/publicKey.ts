import { createPublicKey } from 'node:crypto'
import { type Value, integerHex, read, sequenceOf } from '../../derReader.ts'
import { keyOctets } from '../parseCertificate.ts'
import { type CertificateRule, everyCertificate, same, unless } from '../rule.ts'

const curves = ['prime256v1', 'secp384r1', 'secp521r1']

/** AlgorithmIdentifier of RFC 3279 2.3.1. */
const rsaEncryption = Buffer.from('300d06092a864886f70d0101010500', 'hex')

/** None of a number that is not positive. */
const bitsOf = (value: Value | undefined): number => {
  const hex = integerHex(value)
  return /^[89a-f]/.test(hex) ? 0 : BigInt(`0x${hex}`).toString(2).length
}

const rsaFaults = (spki: Value): readonly string[] => {
  const [modulus, exponent, ...more] = sequenceOf(read(keyOctets(spki)))
  return [
    ...unless(bitsOf(modulus) >= 3072, 'an RSA key of fewer than 3072 bits'),
    ...unless(integerHex(exponent) === '010001', 'a public exponent other than 65537'),
    ...unless(more.length === 0, 'more than a modulus and an exponent'),
  ]
}

const curveFaults = (spki: Value): readonly string[] => {
  const key = createPublicKey({ key: Buffer.from(spki.der), format: 'der', type: 'spki' })
  const { namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  return unless(curves.includes(namedCurve), 'neither RSA nor a curve that is allowed')
}

export const publicKey: CertificateRule = {
  name: 'publicKey',
  citation: 'RGS B1 RègleFact-1 to -4, RègleECp-2; RFC 5480 2.1.1; decision D4',
  appliesTo: everyCertificate,
  check: ({ spki }, { profile }) =>
    same(sequenceOf(spki)[0]?.der, rsaEncryption)
      ? rsaFaults(spki)
      : [...unless(profile !== 'holder', 'a holder has an RSA key'), ...curveFaults(spki)],
}
