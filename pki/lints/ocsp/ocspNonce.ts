import { expect, read } from '../../derReader.ts'
import { oids } from '../oids.ts'
import { extensionValue } from '../parseExtensions.ts'
import { type OcspRule, same, unless } from '../rule.ts'

export const ocspNonce: OcspRule = {
  name: 'ocspNonce',
  citation: 'RFC 9654 2.1; EN 319 411-2 CSS-6.3.10-11 note 5',
  appliesTo: ['ocsp'],
  check: (parsed, { asked, last }) => {
    const value = extensionValue(parsed, oids.nonce)
    const nonce = value && expect(read(value), 0x04).content
    if (nonce === undefined) return unless(asked?.nonce === undefined, 'the nonce is missing')
    return [
      ...unless(!last, 'a last response answers no one request'),
      ...unless(nonce.length >= 1 && nonce.length <= 128, 'not 1 to 128 octets'),
      ...unless(asked === undefined || same(nonce, asked.nonce), 'not the nonce that was asked'),
    ]
  },
}
