import { millis } from '../parseCertificate.ts'
import { type OcspRule, unless } from '../rule.ts'

export const responderInForce: OcspRule = {
  name: 'responderInForce',
  citation: 'RFC 6960 4.2.2.2; RFC 5280 6.1.3',
  appliesTo: ['ocsp'],
  check: ({ producedAt }, { responder: { validity } }) => {
    const at = millis(producedAt)
    return unless(
      millis(validity[0]) <= at && at <= millis(validity[1]),
      'the certificate of the key that signs is not in force',
    )
  },
}
