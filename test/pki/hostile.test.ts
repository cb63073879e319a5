import fc from 'fast-check'
import * as pkijs from 'pkijs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ocspErrorResponse } from '../../pki/ocsp.ts'
import { certIdMatches, parseOcspRequest } from '../../pki/ocspRequest.ts'
import { lintCertificate, lintCrl, lintOcspResponse } from '../../pki/lint.ts'
import { openAuthority, pkcs8Of, today, type Authority } from './authority.ts'
import { mutated } from './mutation.ts'
import { openReaders, pemOf, type Readers } from './readers.ts'
import { answer, ask, requestOf, writeChain } from './responder.ts'

let readers: Readers
let authority: Authority
/** The signed one has parts that the responder has no reason to read, and pkijs does. */
let requests: readonly Uint8Array[]
let signed: Uint8Array
beforeAll(async () => {
  readers = openReaders()
  authority = await openAuthority(undefined, today)
  const holder = await authority.holder()
  writeChain(readers, authority)
  const leaf = readers.file('holder.pem', pemOf(holder.certificate))
  const key = readers.file('holder.key', pkcs8Of(holder.pair))
  const other = await authority.holder()
  requests = [
    await ask(readers, '-cert', leaf, '-nonce'),
    await ask(readers, '-sha256', '-cert', leaf, '-no_nonce'),
    await ask(readers, '-sha256', '-cert', leaf, '-serial', `0x${other.serial}`, '-nonce'),
  ]
  signed = await ask(readers, '-cert', leaf, '-signer', leaf, '-signkey', key, '-no_nonce')
})
afterAll(() => readers.close())

/** What the responder does with octets, whoever sent them. */
const respond = async (octets: Uint8Array): Promise<Uint8Array> => {
  const asked = parseOcspRequest(octets)
  if ('error' in asked) return ocspErrorResponse(asked.error)
  const ours = asked.requests.every((certId) => certIdMatches(certId, authority.ca.issuer))
  return ours
    ? answer(
        authority,
        asked,
        asked.requests.map(() => 'good'),
      )
    : ocspErrorResponse('unauthorized')
}

const hex = (bytes: ArrayBuffer | Uint8Array): string => Buffer.from(new Uint8Array(bytes)).toString('hex')

/** Serial numbers in a request, by pkijs. */
const serialsOf = (octets: Uint8Array): readonly string[] =>
  pkijs.OCSPRequest.fromBER(octets).tbsRequest.requestList.map(({ reqCert }) =>
    hex(reqCert.serialNumber.valueBlock.valueHexView),
  )

/** The status word of a response, and the serial numbers that it answers for, once pkijs has verified its signature. */
const understood = async (response: Uint8Array): Promise<readonly [number, readonly string[]]> => {
  const { responseStatus, responseBytes } = pkijs.OCSPResponse.fromBER(response)
  const status = responseStatus.valueBlock.valueDec
  if (responseBytes === undefined) return [status, []]
  const basic = pkijs.BasicOCSPResponse.fromBER(responseBytes.response.valueBlock.valueHexView)
  const trustedCerts = [authority.root, authority.ca].map(({ certificate }) =>
    pkijs.Certificate.fromBER(certificate),
  )
  expect(await basic.verify({ trustedCerts })).toBe(true)
  return [
    status,
    basic.tbsResponseData.responses.map(({ certID }) => hex(certID.serialNumber.valueBlock.valueHexView)),
  ]
}

describe('thousands of requests that somebody has tampered with', () => {
  it('RFC 6960 2.3: each has a valid answer or a refusal, and an answer is to what pkijs reads in the request', async () => {
    const seen = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(mutated(requests), async (octets) => {
        const [status, serials] = await understood(await respond(octets))
        seen.set(status, (seen.get(status) ?? 0) + 1)
        expect([0, 1, 6]).toContain(status)
        if (status === 0) expect(serials).toEqual(serialsOf(octets))
      }),
      { seed: 20_261_122, numRuns: 2000, endOnFailure: true },
    )
    // None of the three is so rare that the others would have been tried alone.
    expect([...seen.keys()].sort()).toEqual([0, 1, 6])
    expect(Math.min(...seen.values())).toBeGreaterThan(40)
  }, 240_000)

  it('RFC 9654 2.1: what is taken as a request keeps to its bounds, and what it echoes is what came', () => {
    fc.assert(
      fc.property(mutated([...requests, signed]), (octets) => {
        const request = parseOcspRequest(octets)
        if ('error' in request) return
        const came = Buffer.from(octets)
        const { requests: ids, nonce = Uint8Array.of(0) } = request
        expect(ids.every(({ der }) => came.includes(Buffer.from(der)))).toBe(true)
        expect([ids.length >= 1 && ids.length <= 100, nonce.length >= 1 && nonce.length <= 128]).toEqual([
          true,
          true,
        ])
      }),
      { seed: 9654, numRuns: 5000 },
    )
  })

  it.each([
    ['SEQUENCEs in each other, as deep as 64 KiB go', Buffer.alloc(65_536, '3080', 'hex')],
    [
      'the same with lengths',
      Buffer.concat(Array.from({ length: 16_000 }, () => Buffer.from('3082fffc', 'hex'))),
    ],
    ['a length of four gigabytes', Buffer.from('3084ffffffff', 'hex')],
    ['a length of more octets than there are', Buffer.from('30ff', 'hex')],
    ['an OID without end', Buffer.concat([Buffer.from('3082ffff', 'hex'), Buffer.alloc(65_535, 0x86)])],
    ['nothing but zeros', Buffer.alloc(65_536)],
    ['nothing but ones', Buffer.alloc(65_536, 0xff)],
  ])('X.690 8.1: %s: malformed', (_, octets) => {
    expect(parseOcspRequest(octets)).toEqual({ error: 'malformedRequest' })
  })
})

describe('the lints, which judge before anything is trusted', () => {
  it('whatever the octets, they find or they do not: nothing of them throws', async () => {
    const { certificate } = await authority.holder()
    const list = await authority.crl({ entries: [{ serial: '4'.padEnd(32, '0'), revokedAt: today }] })
    const asked = requestOf(requests[1]!)
    const response = await answer(authority, asked, ['good'])
    const { policy } = authority
    const [issuer, responder] = [authority.ca.certificate, authority.responder.certificate]
    fc.assert(
      fc.property(mutated([certificate]), mutated([list]), mutated([response]), (one, two, three) => {
        const findings = [
          lintCertificate(one, 'holder', { policy, issuer }),
          lintCrl(two, { policy, issuer }),
          lintOcspResponse(three, { policy, issuer, responder, asked }),
        ].flat()
        expect(findings.every(({ rule, citation, message }) => rule && citation && message)).toBe(true)
      }),
      { seed: 690, numRuns: 800 },
    )
  })
})
