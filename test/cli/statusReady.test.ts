// OCSP answers that are ready before anybody asks: what the status process gives to a first question when nothing else is up.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createOcspAnswers, type OcspResponder } from '../../api/ocspAnswers.ts'
import { keyOfRequest } from '../../api/ocspKept.ts'
import { openStatusKeep, type StatusKeep } from '../../cli/roles/statusKeep.ts'
import { keepReady } from '../../cli/roles/statusReady.ts'
import { certIdFor, parseOcspRequest, type CertId } from '../../pki/ocspRequest.ts'
import { openEmbedded, type Embedded } from '../support/embedded.ts'
import { done, inUse, revocation, type Issued } from '../support/life.ts'

const directory = mkdtempSync(join(tmpdir(), 'grand-livre-ready-'))
const file = (name: string): string => join(directory, name)
const openssl = (...args: readonly string[]): string => {
  const { stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
  return stdout + stderr
}

let product: Embedded
let [good, revoked]: Issued[] = []
let keep: StatusKeep
let responder: OcspResponder
let given = 0
const faults: unknown[] = []
const onFault = (error: unknown): void => {
  faults.push(error)
}

/** As the status process has it after a start: what lies in its directory, and nothing in memory. */
const start = async (): Promise<void> => {
  keep = await openStatusKeep(file('status'), () => product.services.now(), onFault, 100)
  await keep.setAuthorities(product.services.authority)
  const { authority } = product.services
  const counting = (): void => {
    given += 1
  }
  const activity = { ...authority.activity, given: counting }
  responder = createOcspAnswers({ ...product.services, authority: { ...authority, activity } }, onFault, keep)
}

/** Makes answers ready until `there`. @returns how often somebody was asked for one */
const makeReady = async (there: () => boolean, most = 100, prepare = responder.prepare): Promise<void> => {
  const { db, now } = product.services
  const running = keepReady({ keep, sources: { db, now }, prepare }, { most, onFault, everyMs: 1 })
  await vi.waitUntil(there, { timeout: 20_000, interval: 1 })
  await running.stop()
}

const asked = (serial: string, ...more: readonly string[]): Buffer => {
  const about = ['-issuer', file('ca.pem'), '-serial', `0x${serial}`, ...more]
  openssl('ocsp', ...about, '-reqout', file('request.der'))
  return readFileSync(file('request.der'))
}
type Read = Readonly<{ status: string | undefined; thisUpdate: string | undefined; verified: boolean }>
/** What OpenSSL reads in the answer, at the product's own time. */
const read = async (serial: string, ...more: readonly string[]): Promise<Read> => {
  writeFileSync(file('answer.der'), (await responder.answer(asked(serial, ...more))).bytes)
  const at = String(Date.parse(product.services.now()) / 1000)
  const chain = ['-CAfile', file('root.pem'), '-verify_other', file('ca.pem'), '-attime', at]
  const text = openssl('ocsp', '-respin', file('answer.der'), '-resp_text', ...chain)
  return {
    status: /(?:Cert Status|Responder Error): (\w+)/.exec(text)?.[1],
    thisUpdate: /This Update: (.*)/.exec(text)?.[1],
    verified: text.includes('Response verify OK'),
  }
}
const keyOf = (serial: string): string =>
  keyOfRequest({ requests: [certIdFor(product.services.authority.ca.issuer, serial)] })
const isKept = (serial: string): boolean => keep.serials().includes(serial)

beforeAll(async () => {
  product = await openEmbedded()
  good = await inUse(product)
  revoked = await inUse(product)
  done(await revoked.holder.post(`/certificates/${revoked.serial}/revocation`, revocation))
  await product.settle()
  const { ca, rootCa } = product.services.authority
  for (const [name, { certificate }] of Object.entries({ ca, root: rootCa })) {
    writeFileSync(file(`${name}.der`), certificate)
    openssl('x509', '-inform', 'DER', '-in', file(`${name}.der`), '-out', file(`${name}.pem`))
  }
  await start()
}, 120_000)
afterAll(async () => {
  await keep.written()
  await product.close()
  rmSync(directory, { recursive: true })
})

it('RFC 6960 4.1.1: our CertID is the one by which OpenSSL asks, octet for octet', () => {
  const request = parseOcspRequest(asked(good!.serial, '-no_nonce'))
  const { der } = certIdFor(product.services.authority.ca.issuer, good!.serial)
  expect(
    'requests' in request && request.requests.map((one) => Buffer.from(one.der).toString('hex')),
  ).toEqual([Buffer.from(der).toString('hex')])
})

it('CGU-107: of as many certificates as are wanted an answer is ready; nobody has asked for it, and none counts as given', async () => {
  await makeReady(() => keep.serials().length > 0, 1)
  expect(keep.serials()).toHaveLength(1)
  await makeReady(() => isKept(good!.serial) && isKept(revoked!.serial))
  expect([faults, given]).toEqual([[], 0])
})

it('CGU-107: first asked about when nothing else is up, also after a start, it is answered: good, revoked, with a nonce or without', async () => {
  product.lag(Infinity)
  for (const again of [false, true]) {
    if (again) {
      await keep.written()
      await start()
    }
    for (const nonce of ['-nonce', '-no_nonce'])
      expect([await read(good!.serial, nonce), await read(revoked!.serial, nonce)]).toMatchObject([
        { status: 'good', verified: true },
        { status: 'revoked', verified: true },
      ])
    expect((await read('4f0123456789abcdef0123456789abcd', '-no_nonce')).status).toBe('trylater')
  }
  faults.length = 0
  product.lag(undefined)
})

it('RFC 9919 5: an answer is signed anew when half of its term is over, and no sooner', async () => {
  const times: string[] = []
  const { responseMinutes } = product.services.policy.ocsp
  const prepared: string[] = []
  const prepare = async (certId: CertId): Promise<boolean> => {
    const isSigned = await responder.prepare(certId)
    if (isSigned) prepared.push(certId.serial)
    else seen += 1
    return isSigned
  }
  let seen = 0
  for (const minutes of [responseMinutes / 2 - 1, 1]) {
    await product.pass(minutes * 60)
    seen = 0
    await makeReady(() => seen >= 6, 100, prepare)
    product.lag(Infinity)
    times.push((await read(good!.serial, '-no_nonce')).thisUpdate ?? '')
    product.lag(undefined)
  }
  expect([prepared.includes(good!.serial), new Set(prepared).size]).toEqual([true, prepared.length])
  const [first, second] = times.map((time) => Date.parse(time))
  expect(second! - first!).toBe((responseMinutes / 2) * 60_000)
})

it('RFC 6960 4.2.2.1: what was signed while the clock was ahead is signed anew once it has been put back, asked for or not', async () => {
  const ahead = 86_400
  await product.pass(ahead)
  keep.review(() => 'unknown')
  await makeReady(() => isKept(good!.serial) && isKept(revoked!.serial))
  const future = Date.parse(product.services.now())
  expect(Date.parse((await read(good!.serial, '-no_nonce')).thisUpdate ?? '')).toBe(future)
  await product.pass(-ahead)
  expect(Date.parse((await read(good!.serial, '-no_nonce')).thisUpdate ?? '')).toBe(future - ahead * 1000)
  await makeReady(() => (keep.find(keyOf(revoked!.serial))?.thisUpdate ?? '') <= product.services.now())
  product.lag(Infinity)
  expect(await read(revoked!.serial, '-no_nonce')).toMatchObject({ status: 'revoked', verified: true })
  product.lag(undefined)
})

it('architecture, Projections: while the table lags none is made; one that cannot be made keeps nobody else from it', async () => {
  const { responseMinutes } = product.services.policy.ocsp
  await product.pass(responseMinutes * 60)
  product.lag(Infinity)
  faults.length = 0
  await makeReady(() => faults.length > 3)
  expect(faults.every((error) => String(error).includes('LateTable'))).toBe(true)
  expect((await read(good!.serial, '-no_nonce')).status).toBe('trylater')
  product.lag(undefined)
  const broken = async (certId: CertId): Promise<boolean> => {
    if (certId.serial !== good!.serial) return responder.prepare(certId)
    throw new Error('this one never')
  }
  keep.review(() => 'unknown')
  await makeReady(() => isKept(revoked!.serial), 100, broken)
  expect(isKept(good!.serial)).toBe(false)
})
