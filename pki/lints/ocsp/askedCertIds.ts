import { type OcspRule, same, unless } from '../rule.ts'

export const askedCertIds: OcspRule = {
  name: 'askedCertIds',
  citation: 'RFC 6960 4.2.2.3',
  appliesTo: ['ocsp'],
  check: ({ responses }, { asked }) => [
    ...unless(responses.length > 0, 'no response'),
    ...unless(
      asked === undefined ||
        (asked.requests.length === responses.length &&
          asked.requests.every(({ der }, i) => same(der, responses[i]?.certId.der))),
      'not one answer for each CertID, as it was asked',
    ),
  ],
}
