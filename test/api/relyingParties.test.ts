import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../commands/issuing.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, inUse, revocation, type Issued } from '../support/life.ts'

const crl = '/ac-confidentialite-mef-qualifiee.crl'
const rootCrl = '/ac-racine-mef-qualifiee.crl'
const ca = '/ac-confidentialite-mef-qualifiee.cer'
const root = '/ac-racine-mef-qualifiee.cer'
const cgu = '/cgu-ac-confidentialite-mef-qualifiee.txt'
const ocsp = '/ac-online-mef-qualifiees/'

let product: Embedded
let life: Issued
let revoked: Issued
const folder = mkdtempSync(join(tmpdir(), 'grand-livre-relying-'))
const file = (name: string): string => join(folder, name)
const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' })

const save = async (name: string, url: string): Promise<void> => {
  writeFileSync(file(`${name}.der`), (await product.app.inject(url)).rawPayload)
  openssl('x509', '-inform', 'DER', '-in', file(`${name}.der`), '-out', file(`${name}.pem`))
}

/** A request as OpenSSL writes it. */
const asked = (...args: string[]): Buffer => {
  openssl('ocsp', '-issuer', file('ca.pem'), ...args, '-reqout', file('request.der'))
  return readFileSync(file('request.der'))
}

const post = (payload: Buffer, headers: Readonly<Record<string, string>> = {}) =>
  product.app.inject({
    method: 'POST',
    url: ocsp,
    headers: { 'content-type': 'application/ocsp-request', ...headers },
    payload,
  })

/** What OpenSSL reads in an answer, its signature verified up to the root at the product's own time. */
const read = (answer: Buffer): string => {
  writeFileSync(file('response.der'), answer)
  const at = String(Date.parse(product.services.now()) / 1000)
  const chain = ['-CAfile', file('root.pem'), '-verify_other', file('ca.pem'), '-attime', at]
  const { stdout, stderr } = spawnSync(
    'openssl',
    ['ocsp', '-respin', file('response.der'), '-resp_text', ...chain],
    { encoding: 'utf8' },
  )
  return stdout + stderr
}
const verified = 'Response verify OK'
/** The status that an answer gives, or its error. */
const statusIn = (answer: Buffer): string | undefined => {
  const text = read(answer)
  return /(?:Cert Status|Responder Error): (\w+)/.exec(text)?.[1]
}

beforeAll(async () => {
  product = await openEmbedded({ publication: 1_000_000 })
  life = await inUse(product)
  revoked = await inUse(product)
  done(await revoked.holder.post(`/certificates/${revoked.serial}/revocation`, revocation))
  await product.publish()
  await save('root', root)
  await save('ca', ca)
}, 60_000)
afterAll(async () => {
  await product.close()
  rmSync(folder, { recursive: true })
})

describe('publication', () => {
  it.each([
    ['CGU-106', crl, 'application/pkix-crl'],
    ['CGU-101', rootCrl, 'application/pkix-crl'],
    ['CGU-105', ca, 'application/pkix-cert'],
    ['CGU-104', root, 'application/pkix-cert'],
    ['CGU-01', cgu, 'text/plain; charset=utf-8'],
  ])('%s: %s is there for anybody, with what caches need', async (_, url, type) => {
    const whole = await product.app.inject(url)
    const etag = `"${sha256(whole.rawPayload)}"`
    expect(whole.headers).toMatchObject({ 'content-type': type, etag, 'accept-ranges': 'bytes' })
    expect(whole.headers['cache-control']).toMatch(/^public, max-age=\d+/)
    const modified = String(whole.headers['last-modified'])
    const head = await product.app.inject({ method: 'HEAD', url })
    expect([head.statusCode, head.headers['content-length'], head.body]).toEqual([
      200,
      String(whole.rawPayload.length),
      '',
    ])
    for (const condition of [
      { 'if-none-match': `"x", W/${etag}` },
      { 'if-none-match': '*' },
      { 'if-modified-since': modified },
    ]) {
      const same = await product.app.inject({ url, headers: condition })
      expect([same.statusCode, same.body, same.headers.etag]).toEqual([304, '', etag])
    }
    const changed = { 'if-none-match': '"other"', 'if-modified-since': modified }
    expect((await product.app.inject({ url, headers: changed })).statusCode).toBe(200)
  })

  it('RFC 9110 14: a part can be fetched, so that a long CRL can be resumed', async () => {
    const { rawPayload: whole, headers } = await product.app.inject(crl)
    const part = async (range: string, more: Record<string, string> = {}) => {
      const { statusCode, rawPayload } = await product.app.inject({ url: crl, headers: { range, ...more } })
      return [statusCode, rawPayload.toString('hex')]
    }
    const hex = (from: number, to: number) => whole.subarray(from, to).toString('hex')
    expect(await part('bytes=0-9')).toEqual([206, hex(0, 10)])
    expect(await part('bytes=10-')).toEqual([206, hex(10, whole.length)])
    expect(await part('bytes=-5')).toEqual([206, hex(whole.length - 5, whole.length)])
    expect(await part('bytes=0-9,20-29')).toEqual([200, hex(0, whole.length)])
    expect(await part('bytes=0-9', { 'if-range': String(headers.etag) })).toEqual([206, hex(0, 10)])
    expect(await part('bytes=0-9', { 'if-range': '"older"' })).toEqual([200, hex(0, whole.length)])
    const beyond = await product.app.inject({ url: crl, headers: { range: `bytes=${whole.length}-` } })
    expect([beyond.statusCode, beyond.headers['content-range']]).toEqual([416, `bytes */${whole.length}`])
  })

  it('CGU-101: OpenSSL checks the whole chain against both lists', async () => {
    const lists = await Promise.all([crl, rootCrl].map((url) => product.app.inject(url)))
    const pem = lists.map(({ rawPayload }) => {
      writeFileSync(file('one.der'), rawPayload)
      return openssl('crl', '-inform', 'DER', '-in', file('one.der'))
    })
    writeFileSync(file('lists.pem'), pem.join(''))
    const about = ['-CAfile', file('root.pem'), '-untrusted', file('ca.pem'), '-CRLfile', file('lists.pem')]
    const at = ['-attime', String(Date.parse(product.services.now()) / 1000)]
    writeFileSync(file('good.pem'), (await life.ra.get(`/certificates/${life.serial}/pem`)).body)
    expect(openssl('verify', ...about, ...at, '-crl_check_all', file('good.pem'))).toContain('OK')
  })

  it('CGU-05: the CRL is assembled, never signed, and OpenSSL verifies it', async () => {
    writeFileSync(file('list.der'), (await product.app.inject(crl)).rawPayload)
    const text = openssl('crl', '-inform', 'DER', '-in', file('list.der'), '-text', '-noout')
    expect(text).toContain(revoked.serial.toUpperCase())
    expect(text).not.toContain(life.serial.toUpperCase())
    expect(() =>
      openssl(
        'crl',
        '-inform',
        'DER',
        '-in',
        file('list.der'),
        '-verify',
        '-CAfile',
        file('ca.pem'),
        '-noout',
      ),
    ).not.toThrow()
  })

  it('RFC 5280 8: CRL and OCSP come with no demand for HTTPS', async () => {
    for (const url of [crl, ca, root]) {
      const { headers } = await product.app.inject(url)
      expect(headers).not.toHaveProperty('strict-transport-security')
      expect(String(headers['content-security-policy'])).not.toContain('upgrade-insecure-requests')
    }
  })
})

describe('OCSP', () => {
  const nonceless = (serial: string) => asked('-serial', `0x${serial}`, '-no_nonce')

  it('CGU-107: OpenSSL verifies good, revoked and unknown', async () => {
    const never = '4f0123456789abcdef0123456789abcd'
    const expected = { [life.serial]: 'good', [revoked.serial]: 'revoked', [never]: 'unknown' }
    for (const [serial, status] of Object.entries(expected)) {
      const text = read((await post(nonceless(serial))).rawPayload)
      expect(text).toContain(verified)
      expect(text).toContain(`Cert Status: ${status}`)
    }
  })

  it('RFC 6960 4.2.2.3: of several certificates each is told what is its own, in the order in which they were asked', async () => {
    const never = '4f0123456789abcdef0123456789abcd'
    const serials = [revoked.serial, never, life.serial, revoked.serial, life.serial]
    const request = asked(...serials.flatMap((serial) => ['-serial', `0x${serial}`]), '-no_nonce')
    const text = read((await post(request)).rawPayload)
    expect([...text.matchAll(/Cert Status: (\w+)/g)].map(([, status]) => status)).toEqual([
      ...['revoked', 'unknown', 'good', 'revoked', 'good'],
    ])
    const eleven = asked(...Array.from({ length: 11 }, () => ['-serial', `0x${never}`]).flat(), '-no_nonce')
    expect(statusIn((await post(eleven)).rawPayload)).toBe('malformedrequest')
  })

  it('CGU-107: OpenSSL asks over HTTP, as relying parties do', async () => {
    const address = await product.app.listen({ host: '127.0.0.1', port: 0 })
    const at = String(Date.parse(product.services.now()) / 1000)
    const chain = ['-CAfile', file('root.pem'), '-verify_other', file('ca.pem'), '-attime', at]
    const about = ['-issuer', file('ca.pem'), '-serial', `0x${life.serial}`]
    const client = spawn('openssl', ['ocsp', '-url', `${address}${ocsp}`, ...about, ...chain])
    let said = ''
    client.stdout.on('data', (text: Buffer) => (said += text.toString()))
    client.stderr.on('data', (text: Buffer) => (said += text.toString()))
    await once(client, 'close')
    expect(said).toContain(verified)
    // Its own clock is ahead of the product's: it warns of that, and reads the status all the same.
    expect(said).toMatch(new RegExp(`0x${life.serial}: (WARNING.*\\n[^]*)?good\n`))
    const head = await fetch(`${address}${crl}`, { method: 'HEAD' })
    expect([head.status, Number(head.headers.get('content-length')) > 100]).toEqual([200, true])
  })

  it('RFC 9919 5: GET takes the request in base64, encoded or raw, with one slash more', async () => {
    const request = nonceless(life.serial)
    const base64 = request.toString('base64')
    for (const path of [encodeURIComponent(base64), base64, `/${base64}`, `/${encodeURIComponent(base64)}`]) {
      const answer = await product.app.inject(ocsp + path)
      expect([path, answer.headers['content-type'], statusIn(answer.rawPayload)]).toEqual([
        path,
        'application/ocsp-response',
        'good',
      ])
    }
  })

  it('RFC 9919 5: a request whose base64 has slashes and plus signs is read', async () => {
    let tried = 0
    for (let n = 0; n < 200 && tried < 5; n += 1) {
      const serial = sha256(String(n)).slice(0, 32).replace(/^./, '4')
      const request = Buffer.from(nonceless(life.serial).toString('hex').replace(life.serial, serial), 'hex')
      const base64 = request.toString('base64')
      if (!base64.includes('/') || !base64.includes('+')) continue
      tried += 1
      expect(statusIn((await product.app.inject(ocsp + base64)).rawPayload)).toBe('unknown')
    }
    expect(tried).toBe(5)
  })

  it('RFC 9919 6: an answer for everybody says how long it may be kept', async () => {
    const url = ocsp + encodeURIComponent(nonceless(life.serial).toString('base64'))
    const answer = await product.app.inject(url)
    const { headers, rawPayload } = answer
    const seconds = Number(
      /^max-age=(\d+), public, no-transform, must-revalidate$/.exec(String(headers['cache-control']))?.[1],
    )
    expect(seconds).toBe(product.policy.ocsp.responseMinutes * 60)
    expect(Date.parse(String(headers.expires)) - Date.parse(String(headers['last-modified']))).toBe(
      seconds * 1000,
    )
    expect(headers.etag).toBe(`"${sha256(rawPayload)}"`)
    await product.pass(60)
    const later = await product.app.inject(url)
    expect(later.rawPayload.equals(rawPayload)).toBe(true)
    expect(later.headers['cache-control']).toContain(`max-age=${seconds - 60},`)
    const same = await product.app.inject({ url, headers: { 'if-none-match': String(headers.etag) } })
    expect([same.statusCode, same.body]).toEqual([304, ''])
    await product.pass((seconds * 3) / 4)
    expect((await product.app.inject(url)).rawPayload.equals(rawPayload)).toBe(false)
  })

  it('RFC 9654 2.1: a nonce comes back, and its answer is for nobody else', async () => {
    const request = asked('-serial', `0x${life.serial}`, '-nonce')
    const answer = await post(request)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers).not.toHaveProperty('etag')
    writeFileSync(file('request.der'), request)
    const nonceIn = (text: string) => /OCSP Nonce:\s+([0-9A-F]+)/.exec(text)?.[1]
    const sent = nonceIn(openssl('ocsp', '-reqin', file('request.der'), '-req_text'))
    const verdict = read(answer.rawPayload)
    expect(verdict).toContain(verified)
    expect([sent?.length !== 0, nonceIn(verdict)]).toEqual([true, sent])
    expect(nonceIn(read((await post(nonceless(life.serial))).rawPayload))).toBeUndefined()
  })

  it('CGU-76: what was kept as good is gone the moment that the certificate is revoked', async () => {
    const other = await inUse(product)
    await product.settle()
    const request = nonceless(other.serial)
    expect(statusIn((await post(request)).rawPayload)).toBe('good')
    const { position } = done(await other.holder.post(`/certificates/${other.serial}/revocation`, revocation))
    done(await other.holder.get(`/certificates/${other.serial}/status?minPosition=${position}`))
    expect(statusIn((await post(request)).rawPayload)).toBe('revoked')
  })

  it('RFC 9919 1: what is kept is answered without the database, for as long as the table stands where it stood', async () => {
    await product.settle()
    const request = nonceless(life.serial)
    const first = await post(request)
    // The embedded database has one connection: whoever asks it anything now would wait for this transaction.
    const second = await product.services.db.transaction().execute(() => post(request))
    expect(second.rawPayload.equals(first.rawPayload)).toBe(true)
  })

  it('architecture, Projections: tryLater, never good, when the table lags', async () => {
    const request = nonceless(life.serial)
    expect(statusIn((await post(request)).rawPayload)).toBe('good')
    for (const seconds of [product.policy.ocsp.maxLagSeconds + 1, Infinity]) {
      product.lag(seconds)
      const answer = await post(request)
      expect([statusIn(answer.rawPayload), answer.headers['cache-control']]).toEqual(['trylater', 'no-store'])
    }
    product.lag(undefined)
    expect(statusIn((await post(request)).rawPayload)).toBe('good')
  })

  it('RFC 6960 2.3: another authority’s certificates are not for this responder', async () => {
    openssl('ocsp', '-issuer', file('root.pem'), '-serial', '0x42', '-no_nonce', '-reqout', file('other.der'))
    expect(statusIn((await post(readFileSync(file('other.der')))).rawPayload)).toBe('unauthorized')
  })

  it.each([
    ['nothing', ''],
    ['a text', 'bonjour'],
    ['percent signs', '%25%'],
    ['base64 that is no request', Buffer.from('not a request').toString('base64')],
  ])('RFC 6960 2.3: a GET of %s is a malformed request', async (_, path) => {
    const answer = await product.app.inject(ocsp + path)
    if (answer.statusCode === 200) expect(statusIn(answer.rawPayload)).toBe('malformedrequest')
    else expect(answer.statusCode).toBe(404)
  })

  it('a body of another type, or too long, is refused before it is read', async () => {
    const request = nonceless(life.serial)
    expect((await post(request, { 'content-type': 'application/json' })).statusCode).toBe(415)
    expect((await post(Buffer.alloc(20_000))).statusCode).toBe(413)
  })

  it('two thousand broken requests: an OCSP answer or a 4xx each time', async () => {
    const whole = asked('-serial', `0x${life.serial}`, '-serial', `0x${revoked.serial}`, '-nonce')
    const seeds = [nonceless(life.serial), whole]
    const tally = new Map<string, number>()
    for (const { seed, edits, door } of fc.sample(mutation(seeds), { numRuns: 2000, seed: 20_260_302 })) {
      const kind = kindOf(await through(door, edits.reduce(edited, seed)))
      tally.set(kind, (tally.get(kind) ?? 0) + 1)
    }
    // Every sort of end was met: what stayed whole, what was broken, what named another authority.
    expect([...tally.keys()]).toEqual(expect.arrayContaining(['answer', 'error 1', 'error 6']))
    expect([...tally.keys()].filter((kind) => /error [235]/.test(kind))).toEqual([])
    expect(product.logged()).not.toContain('an OCSP answer could not be given')
    expect(statusIn((await post(nonceless(life.serial))).rawPayload)).toBe('good')
  })
})

type Edit = readonly [place: number, value: number, kind: string]

const mutation = (seeds: readonly Buffer[]) =>
  fc.record({
    seed: fc.constantFrom(...seeds),
    edits: fc.array(fc.tuple(fc.nat(400), fc.nat(255), fc.constantFrom('set', 'cut', 'insert')), {
      minLength: 1,
      maxLength: 4,
    }),
    door: fc.constantFrom('post', 'get', 'raw'),
  })

const edited = (octets: Buffer, [place, value, kind]: Edit): Buffer => {
  const at = place % (octets.length + 1)
  if (kind === 'cut') return octets.subarray(0, at)
  const rest = octets.subarray(kind === 'set' ? at + 1 : at)
  return Buffer.concat([octets.subarray(0, at), Buffer.of(value), rest])
}

const through = (door: string, octets: Buffer) => {
  if (door === 'post') return post(octets)
  const base64 = octets.toString('base64')
  return product.app.inject(ocsp + (door === 'get' ? encodeURIComponent(base64) : base64))
}

/** An answer is long; an error is five octets, its status the last. @throws Error for anything that is neither, nor a 4xx */
const kindOf = ({ statusCode, headers, rawPayload }: LightMyRequestResponse): string => {
  if (statusCode >= 400 && statusCode < 500) return '4xx'
  const isOcsp = statusCode === 200 && headers['content-type'] === 'application/ocsp-response'
  if (!isOcsp || rawPayload[0] !== 0x30) throw new Error(`${statusCode} ${rawPayload.toString('hex')}`)
  return rawPayload.length === 5 ? `error ${rawPayload[4] ?? ''}` : 'answer'
}

describe('what was answered', () => {
  it('CGU-76, CGU-107: is recorded by the hour, for each responder as many answers as it has signed, and not twice', async () => {
    const recorded = async () => {
      const found: Readonly<Record<string, unknown>>[] = []
      for await (const { type, body } of product.ledger.entries())
        if (type === 'OcspActivityRecorded') found.push(body.pub)
      return found
    }
    await product.run('recordOcspActivity')
    const first = await recorded()
    const signed = first.filter(({ samples }) => Number(samples) > 0)
    expect(signed.length).toBeGreaterThan(0)
    for (const { responders, good, revoked, unknown } of signed) {
      expect(responders).toHaveLength(1)
      expect(Number(good) + Number(revoked) + Number(unknown)).toBeGreaterThan(0)
    }
    await product.run('recordOcspActivity')
    expect(await recorded()).toHaveLength(first.length)
  })
})
