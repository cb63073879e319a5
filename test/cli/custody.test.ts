// `grand-livre custody pin`: each share for one officer's card, opened by OpenSSL; the PIN only from enough of them.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../cli/config.ts'
import { openStore } from '../../cli/parts.ts'
import { openSite, type Site } from './grandLivre.ts'

let site: Site
const openssl = (...args: readonly string[]): string =>
  execFileSync('openssl', [...args], { stdio: ['ignore', 'pipe', 'pipe'] }).toString('latin1')

/** An officer's card, by OpenSSL: its key and its certificate. */
const officer = (name: string, key: readonly string[], usage: string, days = '30'): string => {
  openssl(
    ...['req', '-x509', '-newkey', ...key, '-nodes', '-keyout', site.file(`${name}.key`)],
    ...['-subj', `/CN=${name}`, '-out', site.file(`${name}.pem`), '-days', days],
    ...['-addext', `keyUsage=critical,${usage}`],
  )
  return site.file(`${name}.pem`)
}

const ec = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'] as const
const people = ['paul', 'lea', 'noe'] as const
let certificates: readonly string[]
beforeAll(() => {
  site = openSite()
  certificates = [
    officer('paul', ['rsa:2048'], 'keyEncipherment'),
    officer('lea', ec, 'keyAgreement'),
    officer('noe', ['rsa:3072'], 'keyEncipherment'),
  ]
})
afterAll(() => site.close())

const to = (files: readonly string[]): readonly string[] => files.flatMap((file) => ['--to', file])
const split = (out: string, files: readonly string[], ...more: readonly string[]) =>
  site.run(['custody', 'pin', 'split', '--threshold', '2', '--out', site.file(out), ...to(files), ...more])

/** What an officer's card takes out of his share. */
const opened = (directory: string, index: number): string => {
  const name = people[index - 1]!
  const file = site.file(`${directory}-${index}.json`)
  openssl(
    ...['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', site.file(`${directory}/share-${index}.p7m`)],
    ...['-inkey', site.file(`${name}.key`), '-recip', site.file(`${name}.pem`), '-out', file],
  )
  return file
}

describe('the PIN of the recovery token', () => {
  it('CGU-46: RFC 5652: OpenSSL opens each share with its officer’s key, and two of three give the PIN back', async () => {
    const pinFile = site.file('pin')
    const done = await split('set', certificates, '--pin-out', pinFile)
    expect(done.status, done.stderr).toBe(0)
    const pin = readFileSync(pinFile, 'utf8').trim()
    expect(pin).toMatch(/^[A-Za-z0-9_-]{32}$/)
    expect(statSync(pinFile).mode & 0o777).toBe(0o600)
    expect(done.stdout).not.toContain(pin)
    expect(readdirSync(site.file('set')).sort()).toEqual(['share-1.p7m', 'share-2.p7m', 'share-3.p7m'])
    for (const pair of [
      [1, 2],
      [3, 1],
      [2, 3],
    ] as const) {
      const files = pair.map((index) => opened('set', index))
      const out = site.file(`pin-${pair.join('')}`)
      const combined = await site.run(['custody', 'pin', 'combine', ...files, '--out', out])
      expect(combined.status, combined.stderr).toBe(0)
      expect(readFileSync(out, 'utf8').trim()).toBe(pin)
      expect(statSync(out).mode & 0o777).toBe(0o600)
      expect(combined.stdout).not.toContain(pin)
    }
    const files = [1, 2].map((index) => opened('set', index))
    expect((await site.run(['custody', 'pin', 'combine', ...files, '--stdout'])).stdout).toBe(`${pin}\n`)
    // Another officer's key does not open it.
    expect(() =>
      openssl(
        ...['cms', '-decrypt', '-inform', 'DER', '-in', site.file('set/share-1.p7m')],
        ...['-inkey', site.file('noe.key'), '-recip', site.file('noe.pem')],
      ),
    ).toThrow()
    // The same PIN, split anew, is another set.
    expect((await split('set2', certificates, '--pin-file', pinFile)).status).toBe(0)
    const mixed = [opened('set', 1), opened('set2', 2)]
    const refused = await site.run(['custody', 'pin', 'combine', ...mixed, '--out', site.file('mixed')])
    expect([refused.status, refused.stderr]).toEqual([
      1,
      expect.stringContaining('SHARE_OF_ANOTHER_SET') as string,
    ])
    expect(existsSync(site.file('mixed'))).toBe(false)
  })

  it('CGU-46: too few, one twice, a damaged one: each is refused by its name, and no PIN is written', async () => {
    expect((await split('bad', certificates)).status).toBe(0)
    const [one, two] = [opened('bad', 1), opened('bad', 2)]
    const damaged = site.file('damaged.json')
    const share = JSON.parse(readFileSync(two, 'utf8')) as { share: string }
    writeFileSync(
      damaged,
      JSON.stringify({
        ...share,
        share: Buffer.from(share.share, 'base64url').reverse().toString('base64url'),
      }),
    )
    const out = site.file('never')
    const cases = [
      [[one], 'SHARES_TOO_FEW'],
      [[one, one], 'SHARE_REPEATED'],
      [[one, damaged], `SHARE_DAMAGED: ${damaged}`],
      [[one, site.file('bad/share-2.p7m')], 'SHARE_UNREADABLE'],
    ] as const
    for (const [files, said] of cases) {
      const { status, stderr, stdout } = await site.run(['custody', 'pin', 'combine', ...files, '--out', out])
      expect([status, stdout]).toEqual([1, ''])
      expect(stderr).toContain(said)
      expect(existsSync(out)).toBe(false)
    }
    expect((await site.run(['custody', 'pin', 'combine', one, two])).status).toBe(2)
    expect((await site.run(['custody', 'pin', 'combine', one, two, '--stdout', '--out', out])).status).toBe(2)
    writeFileSync(`${out}.7.new`, 'the PIN, half')
    const absent = await site.run(['custody', 'pin', 'combine', one, site.file('absent'), '--out', out])
    expect([absent.status, absent.stderr]).toEqual([2, expect.stringMatching(/absent: no share can be read/)])
    expect(existsSync(`${out}.7.new`)).toBe(false)
    expect(existsSync(out)).toBe(false)
  })

  it('CGU-46: a file that is there stays, and no share is read for it', async () => {
    const there = site.file('paul.pem')
    const before = readFileSync(there, 'utf8')
    const refused = await site.run(['custody', 'pin', 'combine', site.file('absent'), '--out', there])
    expect([refused.status, refused.stderr]).toEqual([3, expect.stringContaining('is left as it is')])
    expect(readFileSync(there, 'utf8')).toBe(before)
  })

  it('CGU-46: each refusal is in the ledger where there is one, without a word of the share; no share is read before it can be', async () => {
    // A ledger that a start has begun; neither its keys nor the PIN are needed.
    const store = await openStore(readConfig({ DATA_DIR: site.dataDir }))
    const one = opened('bad', 1)
    const beside = await site.run(['custody', 'pin', 'combine', one, '--stdout'])
    expect([beside.status, beside.stdout]).toEqual([3, ''])
    expect(beside.stderr).toContain('no share is read before the ledger can be written to (CGU-46)')
    await store.close()
    const cases = [
      [[one], 'SHARES_TOO_FEW'],
      [[one, one], 'SHARE_REPEATED'],
      [[one, site.file('damaged.json')], 'SHARE_DAMAGED'],
      [[one, site.file('bad/share-2.p7m')], 'SHARE_UNREADABLE'],
      [[one, opened('set2', 2)], 'SHARE_OF_ANOTHER_SET'],
    ] as const
    // The settings of the service that waits for this PIN.
    const waiting = {
      ...{ PKCS11_MODULE: site.file('module.so'), PKCS11_CA_TOKEN: 'ca', PKCS11_ESCROW_TOKEN: 'escrow' },
      PKCS11_ESCROW_PIN_FILE: site.file('not-yet-there'),
    }
    for (const [files] of cases)
      expect((await site.run(['custody', 'pin', 'combine', ...files, '--stdout'], waiting)).status).toBe(1)
    const { stdout } = await site.run(['ledger', 'export'])
    const { share, set } = JSON.parse(readFileSync(one, 'utf8')) as { share: string; set: string }
    for (const secret of [share, set, site.file('')]) expect(stdout).not.toContain(secret)
    const events = stdout
      .trim()
      .split('\n')
      .slice(1, -1)
      .map((line) => JSON.parse(line) as { type: string; body: { pub: object } })
    expect(events.map(({ type, body: { pub } }) => ({ type, ...pub }))).toMatchObject([
      { type: 'JournalOpened' },
      ...cases.map(([, code]) => ({
        ...{ type: 'CommandRefused', command: 'CombinePinShares', code, clause: 'CGU-46' },
      })),
    ])
    expect((await site.run(['ledger', 'verify'])).status).toBe(0)
  })

  it('CGU-46: no share for a certificate that cannot serve, none for one key twice, and half a set is never left', async () => {
    const signing = officer('signs', ['rsa:2048'], 'digitalSignature')
    const [first, second] = certificates as readonly [string, string]
    const text = site.file('text.pem')
    writeFileSync(text, 'certificate')
    for (const files of [[first, signing], [first, first], [first, text], [first]]) {
      const { status, stderr } = await split('no', files)
      expect([status, stderr]).toEqual([2, expect.any(String) as string])
      expect(existsSync(site.file('no'))).toBe(false)
    }
    const weak = site.file('weak.pin')
    writeFileSync(weak, '123456\n')
    expect((await split('no', [first, second], '--pin-file', weak)).status).toBe(2)
    for (const threshold of ['1', '3', '0', '-2', 'two', '2.5']) {
      const asked = ['--threshold', threshold, '--out', site.file('no'), ...to([first, second])]
      expect((await site.run(['custody', 'pin', 'split', ...asked])).status).toBe(2)
    }
    expect((await split('twice', [first, second])).status).toBe(0)
    const before = readFileSync(site.file('twice/share-1.p7m'))
    expect((await split('twice', [second, first], '--pin-out', site.file('late'))).status).toBe(2)
    expect(readFileSync(site.file('twice/share-1.p7m')).equals(before)).toBe(true)
    expect(existsSync(site.file('late'))).toBe(false)
    // What cannot be written to its end is not begun: the same command, once it can, gives a whole set.
    const torn = await split('torn', [first, second], '--pin-out', site.file('x'.repeat(300)))
    expect([torn.status, readdirSync(site.file('torn'))]).toEqual([3, []])
    for (const [files, more, sentence] of [
      [[first, second], ['--pin-out', site.file('nowhere/pin')], /^--pin-out: .*nowhere is no directory/],
      [[first, site.file('absent')], [], /^--to: .*absent cannot be read/],
      [[first, second], ['--pin-file', site.file('absent')], /^--pin-file: .*absent cannot be read/],
      [[first, second], ['--out', first], /^--out: no file can be written in .*paul.pem \(/],
      // Where the system makes no directory at all.
      [[first, second], ['--out', '/proc/nope'], /^--out: no file can be written in \/proc\/nope \(/],
    ] as const) {
      const { status, stderr } = await split('no', files, ...more)
      expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)])
    }
    // What a killed run has left: the PIN of another set.
    const left = ['torn.pin.7.new', 'torn/share-1.p7m.7.new'].map((name) => site.file(name))
    for (const name of left) writeFileSync(name, 'half')
    const over = await split('torn', [first, second], '--pin-out', site.file('torn.pin'))
    expect([over.status, left.map((name) => existsSync(name))]).toEqual([0, [false, false]])
    for (const name of readdirSync(site.file('torn'))) rmSync(site.file(`torn/${name}`))
    expect((await split('torn', [first, second])).status).toBe(0)
  })
})
