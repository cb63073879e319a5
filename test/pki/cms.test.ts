import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { envelop } from '../../pki/cms.ts'
import { certificateOf, recipientFault } from '../../pki/recipient.ts'
import { newPair, openAuthority, pkcs8Of, today, type Authority, type Holder } from './authority.ts'
import { openReaders, pemOf, type Readers } from './readers.ts'

let readers: Readers
let authority: Authority
let holder: Holder
/** The key that is handed over. */
const recovered = pkcs8Of(newPair('rsa3072'))
beforeAll(async () => {
  readers = openReaders()
  authority = await openAuthority()
  holder = await authority.holder()
})
afterAll(() => readers.close())

const stream = (seed: string) => {
  let drawn = 0
  return (size: number): Uint8Array =>
    createHash('sha512')
      .update(`${seed} ${(drawn += 1)}`)
      .digest()
      .subarray(0, size)
}

/** A certificate of somebody else's authority, by OpenSSL. */
const foreign = async (name: string, key: readonly string[], usage: string, ...more: readonly string[]) => {
  await readers.run(
    'openssl',
    'req',
    '-x509',
    '-newkey',
    ...key,
    '-nodes',
    '-keyout',
    `${name}.key`,
    ...[
      ...['-subj', '/CN=Tribunal', '-outform', 'DER', '-out', `${name}.cer`, '-days', '30'],
      ...['-addext', `keyUsage=critical,${usage}`, ...more],
    ],
  )
  return { certificate: readers.read(`${name}.cer`), key: `${name}.key` }
}

/** What OpenSSL takes out of the envelope with the recipient's key. */
const taken = async (envelope: Uint8Array, certificate: Uint8Array, key: string): Promise<Uint8Array> => {
  const to = readers.file('to.pem', pemOf(certificate))
  readers.file('given.p7m', envelope)
  const given = ['-inform', 'DER', '-in', 'given.p7m', '-inkey', key, '-recip', to]
  await readers.run('openssl', 'cms', '-decrypt', '-binary', ...given, '-out', 'taken.der')
  return readers.read('taken.der')
}

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0

describe('a key handed over to a certificate', () => {
  it('CGU-46: RFC 5652, RFC 4055: OpenSSL opens it with an RSA key, and GnuTLS reads the key that is in it', async () => {
    const envelope = envelop({ content: recovered, recipient: holder.certificate, random: stream('rsa') })
    const key = readers.file('holder.der', pkcs8Of(holder.pair))
    await readers.run('openssl', 'pkey', '-inform', 'DER', '-in', key, '-out', 'holder.key')
    expect(same(await taken(envelope, holder.certificate, 'holder.key'), recovered)).toBe(true)
    const shown = await readers.run(
      'openssl',
      'cms',
      '-cmsout',
      '-print',
      '-inform',
      'DER',
      '-in',
      'given.p7m',
      '-noout',
    )
    expect(shown).toContain('aes-256-cbc')
    expect(shown).toContain('rsaesOaep')
    expect(shown.match(/sha256/g)?.length).toBeGreaterThanOrEqual(2)
    const read = await readers.run('certtool', '--key-info', '--inder', '--infile', 'taken.der')
    expect(read).toMatch(/RSA/)
  })

  it.each(['P-256', 'P-384', 'P-521'])(
    'CGU-46: RFC 5753: OpenSSL opens it with a key on %s',
    async (curve) => {
      const ec = ['ec', '-pkeyopt', `ec_paramgen_curve:${curve}`]
      const to = await foreign(`ec-${curve}`, ec, 'keyAgreement')
      expect(recipientFault(to.certificate, today)).toBe('notYetValid')
      const envelope = envelop({ content: recovered, recipient: to.certificate, random: stream(curve) })
      expect(same(await taken(envelope, to.certificate, to.key), recovered)).toBe(true)
    },
  )

  it('CGU-46: nobody else opens it, and nothing of the key can be read in it', async () => {
    const envelope = envelop({ content: recovered, recipient: holder.certificate, random: stream('x') })
    expect(Buffer.from(envelope).includes(Buffer.from(recovered).subarray(200, 232))).toBe(false)
    const other = await foreign('other', ['rsa:2048'], 'keyEncipherment')
    const to = readers.file('to.pem', pemOf(other.certificate))
    readers.file('given.p7m', envelope)
    const given = ['-inform', 'DER', '-in', 'given.p7m', '-inkey', other.key, '-recip', to]
    expect(await readers.refuses('openssl', 'cms', '-decrypt', ...given)).toMatch(/Error decrypting CMS/)
  })
})

describe('a recipient’s certificate', () => {
  it('CGU-46: its dates, the last second included', () => {
    const at = (instant: string) => recipientFault(holder.certificate, instant)
    expect(
      ['2026-03-02T08:59:59Z', '2026-03-02T09:00:00Z', '2029-03-02T08:59:59Z', '2029-03-02T09:00:00Z'].map(
        at,
      ),
    ).toEqual(['notYetValid', undefined, undefined, 'expired'])
  })

  it('CGU-46: its key and what it may be used for', async () => {
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19).concat('Z')
    const fault = async (key: readonly string[], usage: string) =>
      recipientFault((await foreign('one', key, usage)).certificate, tomorrow)
    expect(await fault(['rsa:2048'], 'keyEncipherment')).toBeUndefined()
    expect(await fault(['rsa:1024'], 'keyEncipherment')).toBe('weakKey')
    expect(await fault(['rsa:2048'], 'digitalSignature')).toBe('keyUsage')
    expect(await fault(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'digitalSignature')).toBe('keyUsage')
    expect(await fault(['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], 'keyAgreement')).toBeUndefined()
    expect(await fault(['ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'], 'keyAgreement')).toBe('algorithm')
    expect(await fault(['ed25519'], 'keyAgreement')).toBe('algorithm')
  })

  it('CGU-46: what is no certificate is not one, however it is written', () => {
    const der = Buffer.from(holder.certificate)
    for (const text of [pemOf(der), `\n${pemOf(der)}\n`, der.toString('base64')])
      expect(same(certificateOf(text) ?? new Uint8Array(), der)).toBe(true)
    const cut = der.subarray(0, der.length - 1).toString('base64')
    for (const text of ['', '@', 'AAAA', cut, pemOf(der) + pemOf(der), `-----BEGIN CERTIFICATE-----`])
      expect(certificateOf(text)).toBeUndefined()
    expect(recipientFault(Buffer.from('AAAA', 'base64'), today)).toBe('unreadable')
  })

  it('a key that nothing can be enciphered to is refused by the builder too', async () => {
    const { certificate } = await foreign('ed', ['ed25519'], 'digitalSignature')
    expect(() => envelop({ content: recovered, recipient: certificate, random: stream('y') })).toThrow(
      RangeError,
    )
  })
})
