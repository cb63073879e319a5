import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exportPkcs12, type Pkcs12Content } from '../../pki/pkcs12.ts'
import { openAuthority, pkcs8Of, type Authority, type Holder } from './authority.ts'
import { fieldOf, openReaders, pemOf, type Readers } from './readers.ts'

let readers: Readers
let authority: Authority
let holder: Holder
let content: Pkcs12Content
let file: Uint8Array
/** The same in its form, quickly guessed. */
let quick: Uint8Array
beforeAll(async () => {
  readers = openReaders()
  authority = await openAuthority()
  holder = await authority.holder()
  content = {
    pkcs8: pkcs8Of(holder.pair),
    certificates: [holder.certificate, authority.ca.certificate, authority.root.certificate],
    passphrase: 'correct cheval batterie agrafe',
    friendlyName: "Zoë D'ÉTÉ-BRÛLÉ",
    random: stream('first'),
  }
  file = await exportPkcs12(content)
  readers.file('recovered.p12', file)
  quick = await exportPkcs12({ ...content, random: stream('first'), iterations: 1000 })
  readers.file('quick.p12', quick)
})
afterAll(() => readers.close())

/** Octets that look random and are the same in every run. */
const stream = (seed: string) => {
  let drawn = 0
  return (size: number): Uint8Array =>
    createHash('sha512')
      .update(`${seed} ${(drawn += 1)}`)
      .digest()
      .subarray(0, size)
}

const openssl = (name: string, passphrase: string, ...args: readonly string[]): Promise<string> =>
  readers.run('openssl', 'pkcs12', '-in', name, '-passin', `pass:${passphrase}`, ...args)
const gnutls = (name: string, passphrase: string): Promise<string> =>
  readers.run('certtool', '--p12-info', '--inder', '--infile', name, '--password', passphrase)

const pemsIn = (text: string): string =>
  text.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g)?.join('') ?? ''

/** The private key that OpenSSL takes out, as PKCS#8. */
const keyOutOf = async (name: string, passphrase: string): Promise<Uint8Array> => {
  const pem = readers.file('taken.pem', await openssl(name, passphrase, '-nocerts', '-nodes'))
  await readers.run(
    'openssl',
    'pkcs8',
    '-topk8',
    '-nocrypt',
    '-in',
    pem,
    '-outform',
    'DER',
    '-out',
    'taken.der',
  )
  return readers.read('taken.der')
}

describe('what is handed over after a recovery', () => {
  it('RFC 8018, RFC 7292: the key under AES-256 and PBKDF2 with SHA-256, 600 000 times, the MAC as often', async () => {
    const text = await openssl('recovered.p12', content.passphrase, '-info', '-noout')
    const pbes2 = 'PBES2, PBKDF2, AES-256-CBC, Iteration 600000, PRF hmacWithSHA256'
    expect(text.split('\n')).toEqual([
      'MAC: sha256, Iteration 600000',
      'MAC length: 32, salt length: 16',
      `PKCS7 Encrypted data: ${pbes2}`,
      ...['Certificate bag', 'Certificate bag', 'Certificate bag'],
      'PKCS7 Data',
      `Shrouded Keybag: ${pbes2}`,
    ])
    const other = await gnutls('recovered.p12', content.passphrase)
    expect(fieldOf(other, 'MAC')).toBe('SHA256 (2.16.840.1.101.3.4.2.1)')
    expect(other.match(/Schema: (.*)/g)).toEqual(
      Array(2).fill('Schema: PBES2-AES256-CBC (2.16.840.1.101.3.4.1.42)'),
    )
    const salts = other.match(/Salt: \w{32}/g)
    expect(new Set(salts).size).toBe(3)
  })

  it('RFC 7292 4.2: OpenSSL takes out the very key, its certificate first and then the chain', async () => {
    expect(Buffer.from(await keyOutOf('recovered.p12', content.passphrase))).toEqual(
      Buffer.from(content.pkcs8),
    )
    const chain = pemOf(...content.certificates)
    expect(pemsIn(`${await openssl('recovered.p12', content.passphrase, '-nokeys')}\n`)).toBe(chain)
    expect(pemsIn(`${await openssl('recovered.p12', content.passphrase, '-clcerts', '-nokeys')}\n`)).toBe(
      pemOf(holder.certificate),
    )
  })

  it('GnuTLS reads the same, with the name and the tie between key and certificate', async () => {
    const text = await gnutls('recovered.p12', content.passphrase)
    expect(pemsIn(`${text}\n`)).toBe(pemOf(...content.certificates))
    expect(text.match(/Friendly name: (.*)/g)).toEqual(
      Array(2).fill(`Friendly name: ${content.friendlyName!}`),
    )
    const keyIds = text.match(/Key ID: (.*)/g)
    expect(keyIds).toHaveLength(2)
    expect(new Set(keyIds).size).toBe(1)
    const [pem = ''] =
      /-----BEGIN ENCRYPTED PRIVATE KEY-----[^]*?-----END ENCRYPTED PRIVATE KEY-----/.exec(text) ?? []
    const load = ['--key-info', '--pkcs8', '--infile', readers.file('encrypted.pem', pem)]
    const key = await readers.run('certtool', ...load, '--password', content.passphrase)
    const certificate = readers.file('holder.pem', pemOf(holder.certificate))
    const pin = /pin-sha256:\S+/
    expect(pin.exec(key)?.[0]).toBe(
      pin.exec(await readers.run('certtool', '-i', '--infile', certificate))?.[0],
    )
  })

  it('CGU-46: what OpenSSL enciphered to the certificate opens with it', async () => {
    const certificate = readers.file('holder.pem', pemOf(holder.certificate))
    const message = readers.file('message.txt', 'Bordereau confidentiel : 1 234,56 €\n')
    const oaep = ['-keyopt', 'rsa_padding_mode:oaep', '-keyopt', 'rsa_oaep_md:sha256']
    const to = ['-aes-256-cbc', '-recip', certificate, ...oaep]
    await readers.run('openssl', 'cms', '-encrypt', '-binary', '-in', message, '-out', 'message.cms', ...to)
    const key = readers.file(
      'key.pem',
      await openssl('recovered.p12', content.passphrase, '-nocerts', '-nodes'),
    )
    const open = ['-in', 'message.cms', '-inkey', key, '-recip', certificate, '-out', 'opened.txt']
    await readers.run('openssl', 'cms', '-decrypt', '-binary', ...open)
    expect(Buffer.from(readers.read('opened.txt'))).toEqual(Buffer.from(readers.read(message)))
  })

  it('without the passphrase nothing of it is there to be read', () => {
    const octets = Buffer.from(file)
    expect(octets.includes(Buffer.from(content.pkcs8).subarray(200, 232))).toBe(false)
    expect(octets.includes(Buffer.from(holder.certificate).subarray(200, 232))).toBe(false)
  })
})

describe('the passphrase', () => {
  it.each([
    ['with accents and the sign of the euro', 'Été à Saint-Étienne, 12 €'],
    ['with spaces around it', '  deux espaces devant et un derrière '],
    ['of a hundred characters', 'abcdefghij'.repeat(10)],
    ['that ends its block of 64 octets in UTF-16', 'a'.repeat(31)],
    ['in another alphabet', 'Ἀριστοτέλης ὁ Σταγειρίτης'],
  ])('RFC 7292 B.1: %s opens it, for OpenSSL and GnuTLS', async (_, passphrase) => {
    // Typed on another machine the accents may stand apart from their letters.
    const written = await exportPkcs12({
      ...content,
      passphrase: passphrase.normalize('NFD'),
      random: stream('x'),
      iterations: 1000,
    })
    const name = readers.file('typed.p12', written)
    expect(Buffer.from(await keyOutOf(name, passphrase.normalize('NFC')))).toEqual(Buffer.from(content.pkcs8))
    const text = await gnutls(name, passphrase.normalize('NFC'))
    expect(pemsIn(`${text}\n`)).toBe(pemOf(...content.certificates))
  })

  it.each([
    '',
    'correct cheval batterie agrafe ',
    'Correct cheval batterie agrafe',
    'correct cheval batterie',
  ])('RFC 7292 5.1: %j is not it, and OpenSSL and GnuTLS are refused', async (wrong) => {
    const args = ['pkcs12', '-in', 'quick.p12', '-passin', `pass:${wrong}`, '-nodes']
    expect(await readers.refuses('openssl', ...args)).toContain('invalid password')
    const other = ['--p12-info', '--inder', '--infile', 'quick.p12', '--password', wrong]
    const said = await readers.refuses('certtool', ...other)
    expect(said).toContain('Message Authentication Code verification failed')
    expect(said).not.toContain('BEGIN CERTIFICATE')
  })

  it.each([60, 1500, 4500])('RFC 7292 4: with octet %i changed it does not open', async (at) => {
    const changed = Buffer.from(quick)
    changed[changed.length - at]! ^= 1
    const name = readers.file('changed.p12', changed)
    const args = ['pkcs12', '-in', name, '-passin', `pass:${content.passphrase}`, '-nodes']
    expect(await readers.refuses('openssl', ...args)).not.toContain('BEGIN')
  })

  it('there is no file without one, and none without a certificate', async () => {
    await expect(exportPkcs12({ ...content, passphrase: '' })).rejects.toThrow(RangeError)
    await expect(exportPkcs12({ ...content, certificates: [] })).rejects.toThrow(RangeError)
  })
})

it('all that is random in the file comes from where it was asked to come from', async () => {
  const again = (seed: string) => exportPkcs12({ ...content, random: stream(seed), iterations: 1000 })
  expect(await again('first')).toEqual(quick)
  const other = Buffer.from(await again('second'))
  expect(other.length).toBe(quick.length)
  expect(other.equals(Buffer.from(quick))).toBe(false)
})
