import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { boolean, constructed, integer, nothing, octets, oid, sequence, type Der } from '../../pki/der.ts'
import { ocspErrorResponse, type OcspError, type OcspStatus } from '../../pki/ocsp.ts'
import { certIdMatches, parseOcspRequest } from '../../pki/ocspRequest.ts'
import { LintFault } from '../../pki/signOcspResponse.ts'
import { endOfTime } from '../../pki/time.ts'
import { openAuthority, pkcs8Of, serialOfNumber, today, type Authority, type Holder } from './authority.ts'
import { fieldOf, openReaders, pemOf, type Readers } from './readers.ts'
import { answer, ask, now, requestOf, writeChain } from './responder.ts'

let readers: Readers
let authority: Authority
let holder: Holder
beforeAll(async () => {
  readers = openReaders()
  authority = await openAuthority(undefined, today)
  holder = await authority.holder()
  writeChain(readers, authority)
})
afterAll(() => readers.close())

let files = 0
const written = (response: Uint8Array): string => readers.file(`${(files += 1)}.response`, response)
const trust = ['-issuer', 'ca.pem', '-CAfile', 'root.pem', '-verify_other', 'ca.pem']
/** What OpenSSL says of each certificate, once it has verified the answer; the arguments are the question. */
const judged = (response: Uint8Array, ...question: readonly string[]): Promise<string> =>
  readers.run('openssl', 'ocsp', '-respin', written(response), ...trust, ...question)
/** What OpenSSL reads, once it has verified that the answer is one to this request. */
const readBack = async (response: Uint8Array, request: Uint8Array): Promise<string> => {
  const name = readers.file(`${(files += 1)}.request`, request)
  expect(await judged(response, '-reqin', name)).toBe('Response verify OK')
  return readers.run('openssl', 'ocsp', '-respin', written(response), '-noverify', '-resp_text')
}
const gnutls = (response: Uint8Array, signer = 'responder'): Promise<string> => {
  const args = ['--verify-response', '--load-signer', `${signer}.pem`, '--load-response', written(response)]
  return readers.run('ocsptool', ...args)
}

const openssl = (instant: string): string => {
  const [, day, month, year, time] =
    /, (\d+) (\w+) (\d+) (\S+) GMT/.exec(new Date(instant).toUTCString()) ?? []
  return `${month} ${String(Number(day)).padStart(2)} ${time} ${year} GMT`
}

const statuses: readonly (readonly [string, OcspStatus])[] = [
  ['good', 'good'],
  ['revoked', { revokedAt: today }],
  ['unknown', 'unknown'],
]

describe('what an answer says', () => {
  const cases = statuses.flatMap(([word, status]) =>
    ['-sha1', '-sha256'].flatMap((hash) =>
      ['-nonce', '-no_nonce'].map((nonce) => [word, hash, nonce, status] as const),
    ),
  )
  it.each(cases)(
    'RFC 6960 2.2: %s, asked with %s %s, is what OpenSSL and GnuTLS understand',
    async (...given) => {
      const [word, hash, nonce, status] = given
      const serial = `0x${holder.serial}`
      const request = await ask(readers, hash, '-serial', serial, nonce)
      const response = await answer(authority, requestOf(request), [status])
      expect(await judged(response, hash, '-serial', serial, '-no_nonce')).toContain(`${serial}: ${word}\n`)
      const text = await readBack(response, request)
      expect(text).not.toMatch(/WARNING|ERROR|Reason/)
      const other = await gnutls(response)
      expect(other).toContain('Verifying OCSP Response: Success.')
      expect(fieldOf(other, 'Certificate Status')).toBe(word)
    },
  )

  it('RFC 6960 4.2, RFC 9919 3.2, regulation 2.5: its fields, one by one', async () => {
    const request = await ask(readers, '-sha256', '-serial', `0x${holder.serial}`, '-nonce')
    const text = await readBack(await answer(authority, requestOf(request), [{ revokedAt: today }]), request)
    const responder = authority.responder.issuer
    expect(fieldOf(text, 'OCSP Response Status')).toBe('successful (0x0)')
    expect(fieldOf(text, 'Response Type')).toBe('Basic OCSP Response')
    expect(fieldOf(text, 'Responder Id')).toBe(Buffer.from(responder.keyId).toString('hex').toUpperCase())
    expect(fieldOf(text, 'Produced At')).toBe(openssl(now))
    expect(fieldOf(text, 'Hash Algorithm')).toBe('sha256')
    const hash = createHash('sha256').update(authority.ca.issuer.name).digest('hex').toUpperCase()
    expect(fieldOf(text, 'Issuer Name Hash')).toBe(hash)
    expect(fieldOf(text, 'Serial Number')).toBe(holder.serial.toUpperCase())
    expect(fieldOf(text, 'Revocation Time')).toBe(openssl(today))
    expect(fieldOf(text, 'This Update')).toBe(openssl(now))
    expect(Date.parse(fieldOf(text, 'Next Update')) - Date.parse(fieldOf(text, 'This Update'))).toBe(
      3_600_000,
    )
    expect(text).toMatch(new RegExp(`Archive Cutoff: *\\n +${openssl(today)}`))
    expect(text).toContain('Signature Algorithm: ecdsa-with-SHA384')
    // RFC 9919 3.2.1: the certificate of the responder, and nothing else.
    expect(text.match(/BEGIN CERTIFICATE/g)).toHaveLength(1)
    expect(text).toContain(pemOf(authority.responder.certificate).trim())
  })

  it('RFC 6960 4.4.4: of what was never issued no archive is promised', async () => {
    const request = await ask(readers, '-serial', `0x${serialOfNumber(99)}`, '-no_nonce')
    const text = await readBack(await answer(authority, requestOf(request), ['unknown']), request)
    expect(text).not.toContain('Archive Cutoff')
  })

  it('RFC 6960 4.2.2.3: several certificates are answered in the order in which they were asked', async () => {
    const serials = Array.from({ length: 10 }, (_, i) => `0x${serialOfNumber(i)}`)
    const question = serials.flatMap((serial) => ['-serial', serial])
    const said = serials.map((_, i) => statuses[i % 3]![1])
    const request = await ask(readers, ...question, '-no_nonce')
    const without = await answer(authority, requestOf(request), said)
    expect((await judged(without, ...question, '-no_nonce')).match(/^0x\w+: \w+/gm)).toEqual(
      serials.map((serial, i) => `${serial}: ${statuses[i % 3]![0]}`),
    )
  })

  it('CGU-88, EN 319 411-2 CSS-6.3.10-11: a last answer is signed by the authority itself and never ends', async () => {
    const request = await ask(readers, '-sha256', '-serial', `0x${holder.serial}`, '-no_nonce')
    const last = { by: authority.ca, last: true, nextUpdate: endOfTime }
    const response = await answer(authority, requestOf(request), [{ revokedAt: today }], last)
    const text = await readBack(response, request)
    expect(fieldOf(text, 'Next Update')).toBe('Dec 31 23:59:59 9999 GMT')
    expect(text).not.toContain('BEGIN CERTIFICATE')
    expect(await gnutls(response, 'ca')).toContain('Verifying OCSP Response: Success.')
  })

  const errors: readonly (readonly [OcspError, string])[] = [
    ['malformedRequest', 'malformedrequest (1)'],
    ['internalError', 'internalerror (2)'],
    ['tryLater', 'trylater (3)'],
    ['sigRequired', 'sigrequired (5)'],
    ['unauthorized', 'unauthorized (6)'],
  ]
  it.each(errors)('RFC 6960 2.3: OpenSSL reads %s as %s', async (error, words) => {
    const args = ['ocsp', '-respin', written(ocspErrorResponse(error)), '-noverify']
    expect(await readers.refuses('openssl', ...args)).toBe(`Responder Error: ${words}`)
  })
})

describe('what OpenSSL would not believe', () => {
  it('RFC 9654 2.1: an answer to another request', async () => {
    const question = ['-serial', `0x${holder.serial}`, '-nonce']
    const [one, other] = [await ask(readers, ...question), await ask(readers, ...question)]
    const response = await answer(authority, requestOf(one), ['good'])
    await expect(readBack(response, other)).rejects.toThrow('Nonce Verify error')
  })

  it('RFC 6960 4.2.2.2: an answer of another authority', async () => {
    const request = await ask(readers, '-serial', `0x${holder.serial}`, '-no_nonce')
    const other = await openAuthority(undefined, today)
    writeChain(readers, other)
    const response = await answer(authority, requestOf(request), ['good'])
    await expect(readBack(response, request)).rejects.toThrow('Response Verify Failure')
    writeChain(readers, authority)
    expect(fieldOf(await readBack(response, request), 'Cert Status')).toBe('good')
  })

  it('RFC 6960 4.2.2.2: it is never signed: who may not answer, and what breaks a rule, reach no key', async () => {
    const request = requestOf(await ask(readers, '-serial', `0x${holder.serial}`))
    let used = 0
    const watched = (signer: typeof authority.ca.signer) => ({
      ...signer,
      sign: (tbs: Uint8Array) => ((used += 1), signer.sign(tbs)),
    })
    const { root, responder } = authority
    const wrong = { ...root, signer: watched(root.signer) }
    const right = { ...responder, signer: watched(responder.signer) }
    await expect(answer(authority, request, ['good'], { by: wrong })).rejects.toThrow(LintFault)
    await expect(answer(authority, request, ['good'], { by: right, nextUpdate: endOfTime })).rejects.toThrow(
      LintFault,
    )
    const mixed = { ...responder, signer: wrong.signer }
    await expect(answer(authority, request, ['good'], { by: mixed })).rejects.toThrow('not the certificate')
    expect(used).toBe(0)
    await answer(authority, request, ['good'], { by: right })
    expect(used).toBe(1)
  })
})

describe('requests', () => {
  it('RFC 6960 4.1.1: what OpenSSL and GnuTLS ask is read as it was meant', async () => {
    const leaf = readers.file('holder.pem', pemOf(holder.certificate))
    const key = readers.file('holder.key', pkcs8Of(holder.pair))
    const load = ['--generate-request', '--load-issuer', 'ca.pem', '--load-cert', leaf]
    await readers.run('ocsptool', ...load, '--outfile', 'gnutls.request')
    const requests = [
      await ask(readers, '-cert', leaf),
      await ask(readers, '-sha256', '-cert', leaf, '-no_nonce'),
      await ask(readers, '-cert', leaf, '-signer', leaf, '-signkey', key),
      readers.read('gnutls.request'),
    ].map(requestOf)
    expect(requests.map(({ requests: [id] }) => id?.serial)).toEqual(Array(4).fill(holder.serial))
    expect(requests.map(({ requests: [id] }) => id?.hashAlgorithm)).toEqual([
      'sha1',
      'sha256',
      'sha1',
      'sha1',
    ])
    expect(requests.map(({ nonce }) => (nonce?.length ?? 0) > 0)).toEqual([true, false, true, false])
    for (const { requests: ids } of requests) {
      expect(ids.every((id) => certIdMatches(id, authority.ca.issuer))).toBe(true)
      expect(ids.some((id) => certIdMatches(id, authority.root.issuer))).toBe(false)
    }
  })

  const sha1 = sequence(oid('1.3.14.3.2.26'), nothing)
  const hash = octets(new Uint8Array(20))
  const certId = (algorithm: Der = sha1, serial: Der = integer(5)): Der =>
    sequence(algorithm, hash, hash, serial)
  const single = (id: Der = certId(), ...more: readonly Der[]): Der => sequence(id, ...more)
  const nonce = (size: number): Der =>
    constructed(2, sequence(sequence(oid('1.3.6.1.5.5.7.48.1.2'), octets(octets(new Uint8Array(size))))))
  const critical = (id: string): Der =>
    sequence(sequence(oid(id), boolean(true), octets(octets(Uint8Array.of(1)))))
  const asked = (list: readonly Der[], ...more: readonly Der[]): Der =>
    sequence(sequence(sequence(...list), ...more))

  const accepted: Readonly<Record<string, Der>> = {
    'no more than it must': asked([single()]),
    'the default version, written': sequence(sequence(constructed(0, integer(0)), sequence(single()))),
    'ten certificates': asked(Array.from({ length: 10 }, () => single())),
    'a nonce of 1 octet': asked([single()], nonce(1)),
    'a nonce of 128 octets': asked([single()], nonce(128)),
    'an extension that nobody has to know': asked([
      single(certId(), constructed(0, sequence(sequence(oid('1.2.3'), octets(nothing))))),
    ]),
    'a digest without parameters': asked([single(certId(sequence(oid('1.3.14.3.2.26'))))]),
    'a digest that is not known': asked([single(certId(sequence(oid('1.2.840.113549.2.5'), nothing)))]),
    'a negative serial number': asked([single(certId(sha1, Uint8Array.of(2, 1, 0x80)))]),
  }
  it.each(Object.entries(accepted))('RFC 6960 4.1.1: %s is a request', (_, der) => {
    expect(parseOcspRequest(der)).not.toHaveProperty('error')
  })

  const refused: Readonly<Record<string, Der>> = {
    nothing: new Uint8Array(),
    'no certificate': asked([]),
    'eleven certificates': asked(Array.from({ length: 11 }, () => single())),
    'another version': sequence(sequence(constructed(0, integer(1)), sequence(single()))),
    'a nonce of no octet (RFC 9654 2.1)': asked([single()], nonce(0)),
    'a nonce of 129 octets (RFC 9654 2.1)': asked([single()], nonce(129)),
    'two nonces': asked([single()], nonce(1), nonce(1)),
    'a critical extension that is not known (RFC 6960 4.4)': asked(
      [single()],
      constructed(2, critical('1.2.3')),
    ),
    'the same of one certificate': asked([single(certId(), constructed(0, critical('1.2.3')))]),
    'a digest with parameters': asked([single(certId(sequence(oid('1.3.14.3.2.26'), integer(1))))]),
    'a serial number of no octet': asked([single(certId(sha1, Uint8Array.of(2, 0)))]),
    'a serial number with zeros before it': asked([single(certId(sha1, Uint8Array.of(2, 2, 0, 1)))]),
    'octets after the request': Buffer.concat([asked([single()]), Uint8Array.of(0)]),
    'a length that is not definite': Buffer.concat([
      Uint8Array.of(0x30, 0x80),
      asked([single()]),
      Uint8Array.of(0, 0),
    ]),
    'a certificate': sequence(sequence(integer(1))),
  }
  it.each(Object.entries(refused))('RFC 6960 4.1.1: %s is malformed', (_, der) => {
    expect(parseOcspRequest(der)).toEqual({ error: 'malformedRequest' })
  })
})
