// A virtual card in a reader that pcscd takes for a real one, with unmodified OpenSC and OpenSSL at the other end.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { issueCertificate } from '../../commands/issueCertificate.ts'
import { derOf } from '../../commands/issuing.ts'
import { certificate } from '../../domain/certificate.ts'
import { openPcscCards } from '../../hsm/pcsc.ts'
import { openPcscLite } from '../../hsm/pcsc/pcscLite.ts'
import { makePair } from '../../hsm/wrappedKey.ts'
import { CardUnreachable } from '../../pki/custody.ts'
import * as f from '../commands/facts.ts'
import { issue, openCase, openInstallation } from '../commands/installation.ts'
import { uuid } from '../ledger/filled.ts'
import { on } from '../support/given.ts'
import { anyPair } from '../support/holderKeys.ts'
import { removeDirectory, temporaryDirectory } from './custody.ts'
import type { VirtualCard } from './virtualCard/card.ts'
import { holderKey, newCard, wrapped, type HolderKey } from './virtualCard/keys.ts'
import { insert, type Inserted } from './virtualCard/reader.ts'

const { TEST_PCSC_PORT: port, TEST_OPENSC_MODULE: module = '', TEST_PKCS11_ENGINE: engine = '' } = process.env
const id = '5f0c8a51-1b7a-4f63-9f0e-5f1f0f6f7a10'
const [pin, soPin, puk] = ['246813', '12345678', '87654321']
const message = 'Bordereau confidentiel de 2019'
const readers = openPcscLite()
const reader = 'Virtual desk 00 00'

let directory: string
/** Newest first; the second one was revoked, and has run out since. */
let held: readonly HolderKey[]
let inserted: Inserted | undefined
let card: VirtualCard

/** A program that nobody here wrote. PINs go by the environment. */
const run = async (
  file: string,
  ...args: readonly string[]
): Promise<Readonly<{ status: number; output: string }>> => {
  const env = {
    ...process.env,
    HOME: directory,
    OPENSSL_CONF: join(directory, 'openssl.cnf'),
    PIN: pin,
    SO_PIN: soPin,
    PUK: puk,
  }
  try {
    const { stdout, stderr } = await promisify(execFile)(file, [...args], { env, cwd: directory })
    return { status: 0, output: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout?: string; stderr?: string }
    return { status: code ?? 1, output: `${stdout ?? ''}${stderr ?? ''}` }
  }
}
const succeed = async (file: string, ...args: readonly string[]): Promise<string> => {
  const { status, output } = await run(file, ...args)
  expect(status, `${file} ${args.join(' ')}\n${output}`).toBe(0)
  return output
}

/** pcscd looks into its readers every 400 ms. */
const until = async (isThere: boolean): Promise<void> => {
  for (let tries = 0; tries < 100; tries += 1) {
    const channel = await readers.connect(reader).catch(() => undefined)
    await channel?.close()
    if ((channel !== undefined) === isThere) return
    await sleep(50)
  }
  throw new Error('pcscd has not seen it')
}
const putIn = async (pullAfter?: number): Promise<void> => {
  inserted = await insert(card, Number(port), pullAfter)
  await until(true)
}
/** A card that comes back before pcscd has looked is not seen for seconds. */
const twoLooks = 900
const pullOut = async (): Promise<void> => {
  await inserted?.pull()
  await sleep(twoLooks)
  await until(false)
}

const pemOf = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`

beforeAll(async () => {
  directory = await temporaryDirectory()
  const make = async (serial: string, days: number) =>
    holderKey(directory, serial.padEnd(32, '0'), (anyPair() ?? (await makePair())).privateKey, days)
  held = [await make('43', 30), await make('42', 1)]
  const lines = ['openssl_conf = init', '[init]', 'engines = engines', '[engines]', 'pkcs11 = card', '[card]']
  const settings = [
    `engine_id = pkcs11`,
    `dynamic_path = ${engine}`,
    `MODULE_PATH = ${module}`,
    'init = 0',
    '',
  ]
  await writeFile(join(directory, 'openssl.cnf'), [...lines, ...settings].join('\n'))
  for (const [index, { certificate: der }] of held.entries()) {
    await writeFile(join(directory, `${String(index)}.pem`), pemOf(der))
    await writeFile(join(directory, 'message'), message)
    const to = ['-in', 'message', '-outform', 'PEM', '-out', `${String(index)}.cms`, `${String(index)}.pem`]
    await succeed('openssl', 'cms', '-encrypt', '-aes256', ...to)
  }
})
afterAll(() => removeDirectory(directory))
beforeEach(async () => {
  card = newCard()
  await putIn()
})
afterEach(pullOut)

/** OpenSSL, with the card's key of that label. */
const decrypt = (index: number | string, label: string, withPin: string) =>
  run(
    'openssl',
    ...['cms', '-decrypt', '-in', `${String(index)}.cms`, '-inform', 'PEM', '-recip', `${String(index)}.pem`],
    ...['-engine', 'pkcs11', '-keyform', 'engine'],
    ...['-inkey', `pkcs11:object=${encodeURIComponent(label)};type=private;pin-value=${withPin}`],
  )
const login = (withPin: string) => run('pkcs11-tool', '--module', module, '--login', '--pin', withPin, '-O')

describe.skipIf(port === undefined)('a card in a reader of pcscd (needs npm test)', () => {
  it('RGS A2 XII.1: says whether a reader is there, and whether PC/SC answers at all', async () => {
    const parts = { master: randomBytes(32), pinTries: 3, label: 'x' }
    expect(await openPcscCards({ ...parts, readers }).health()).toBe(true)
    expect(await openPcscCards({ ...parts, readers, reader }).health()).toBe(true)
    expect(await openPcscCards({ ...parts, readers, reader: 'Desk of somebody else' }).health()).toBe(
      'no reader',
    )
    const nowhere = openPcscLite('/nowhere/libpcsclite.so')
    expect(await openPcscCards({ ...parts, readers: nowhere }).health()).toBe('PC/SC does not answer')
  })

  it('CGU-49: is personalised by unmodified pkcs15-init, used by OpenSSL, blocked by three wrong PINs, unblocked by its PUK', async () => {
    const init = (...args: readonly string[]) => succeed('pkcs15-init', ...args)
    await init('--create-pkcs15', '--so-pin', 'env:SO_PIN', '--so-puk', 'env:PUK', '--label', 'Carte')
    await init(
      '--store-pin',
      '--auth-id',
      '01',
      '--pin',
      'env:PIN',
      '--puk',
      'env:PUK',
      '--so-pin',
      'env:SO_PIN',
      '--label',
      'PIN',
    )
    await init('--finalize', '--so-pin', 'env:SO_PIN')
    const secrets = ['--auth-id', '01', '--id', '45', '--pin', 'env:PIN', '--so-pin', 'env:SO_PIN']
    await succeed(
      'openssl',
      'pkey',
      '-in',
      `${held[0]?.serial ?? ''}.key`,
      '-inform',
      'DER',
      '-out',
      'key.pem',
    )
    await init('--store-private-key', 'key.pem', ...secrets, '--label', 'k', '--key-usage', 'decrypt')
    await init('--store-certificate', '0.pem', ...secrets, '--label', 'k')
    expect((await decrypt(0, 'k', pin)).output).toContain(message)
    for (let tries = 0; tries < 3; tries += 1)
      expect((await login('999999')).output).toContain('CKR_PIN_INCORRECT')
    expect((await login(pin)).output).toContain('CKR_PIN_LOCKED')
    await succeed(
      'pkcs15-tool',
      '--unblock-pin',
      '--auth-id',
      '01',
      '--puk',
      'env:PUK',
      '--new-pin',
      'env:PIN',
    )
    expect((await decrypt(0, 'k', pin)).output).toContain(message)
  })

  it('CGU-43: decrypts, by OpenSSL, an old message to a certificate that has ended, with the recovered key on the new card', async () => {
    const cards = openPcscCards({ readers, master: randomBytes(32), pinTries: 3, label: 'Carte' })
    // Pulled out in the middle of bringing the second key; then everything is given again.
    const { transportKey } = await cards.begin(id)
    const keys = wrapped(transportKey, held)
    await pullOut()
    await putIn(60)
    await expect(cards.write({ card: id, keys })).rejects.toMatchObject({ name: 'CardRemoved' })
    await pullOut()
    await expect(cards.write({ card: id, keys })).rejects.toMatchObject({ name: 'CardAbsent' })
    await putIn()
    await cards.write({ card: id, keys })
    expect(await cards.read(id)).toEqual(held.map(({ serial }) => serial))
    expect(await cards.testDecryption(id)).toBe(true)
    await cards.definePin({ card: id, pin })

    const shown = await succeed('pkcs15-tool', '--dump')
    expect(shown.match(/Private RSA Key/g)).toHaveLength(2)
    expect(shown.indexOf('Clé 43')).toBeLessThan(shown.indexOf('Clé 42'))
    await succeed(
      'pkcs15-tool',
      '--read-certificate',
      shown.match(/ID +: ([0-9a-f]{40})/)?.[1] ?? '',
      '--output',
      'read.pem',
    )
    expect((await readFile(join(directory, 'read.pem'), 'utf8')).replace(/\s/g, '')).toBe(
      (await readFile(join(directory, '0.pem'), 'utf8')).replace(/\s/g, ''),
    )
    for (const [index, { serial }] of held.entries())
      expect((await decrypt(index, `Clé ${serial.slice(0, 6)}`, pin)).output).toContain(message)

    for (let tries = 0; tries < 3; tries += 1) await login('999999')
    expect((await login(pin)).output).toContain('CKR_PIN_LOCKED')
    expect(await cards.unblock(id)).toEqual({ unblocked: true })
    await cards.definePin({ card: id, pin: '13572468' })
    expect((await decrypt(1, 'Clé 420000', '13572468')).output).toContain(message)
  })

  it('CGU-42, CGU-43: issues on it, pulled out in the middle; a message to a revoked certificate is decrypted with the recovered key', async () => {
    let now = '2026-03-02T09:00:00Z'
    const installation = await openInstallation(directory, () => now)
    const { ledger, service } = installation
    const old = await issue(installation, 1)
    await writeFile(
      join(directory, 'old.pem'),
      pemOf(derOf((await ledger.load(certificate, old.serial)).state)!),
    )
    await succeed(
      'openssl',
      ...['cms', '-encrypt', '-aes256', '-in', 'message', '-outform', 'PEM'],
      ...['-out', 'old.cms', 'old.pem'],
    )
    await on(certificate, old.serial, f.acceptedByHolder, f.revoked)(service.handle, uuid(820))
    const cards = openPcscCards({ readers, master: randomBytes(32), pinTries: 3, label: 'Carte' })
    const issuance = { ...installation.issuance, cards }

    // The message is more than four years old when its reader has a card again.
    now = '2030-06-03T09:00:00Z'
    const next = await openCase(installation, 2, [old.serial])
    await pullOut()
    await putIn(80)
    await expect(issueCertificate(issuance, next.request)).rejects.toThrow(CardUnreachable)
    await pullOut()
    await putIn()
    expect(await issueCertificate(issuance, next.request)).toBe(next.serial)
    expect(await cards.read(next.card)).toEqual([next.serial, old.serial])
    await cards.definePin({ card: next.card, pin })
    const label = `Chiffrement 2026-03-02 ${old.serial.slice(-8)}`
    expect((await decrypt('old', label, pin)).output).toContain(message)
    await installation.close()
  })

  it('CGU-34: two programs at one card are refused, and a machine without PC/SC says so', async () => {
    const cards = openPcscCards({ readers, master: randomBytes(32), pinTries: 3, label: 'Carte' })
    const channel = await readers.connect(reader)
    await expect(cards.begin(id)).rejects.toMatchObject({ name: 'CardBusy' })
    await channel.close()
    await pullOut()
    await expect(cards.begin(id)).rejects.toMatchObject({ name: 'CardAbsent' })
    await expect(openPcscLite('/nowhere/libpcsclite.so').list()).rejects.toMatchObject({
      name: 'ReaderFailed',
    })
    await expect(readers.connect('No such reader')).rejects.toMatchObject({ name: 'CardAbsent' })
  })
})
