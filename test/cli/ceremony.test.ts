// The key ceremony as its people hold it: rehearsed, held by two officers before witnesses, told by a report that OpenSSL verifies.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openssl } from '../../cli/demo/openssl.ts'
import { readConfig } from '../../cli/config.ts'
import { serviceKeyId } from '../../commands/ceremony.ts'
import { openPkcs11Keys } from '../../hsm/pkcs11.ts'
import { environmentOf, openTokens, pins, settingsOf, type Tokens } from '../hsm/tokens.ts'
import { openSite, type Ended, type Env, type Site } from './grandLivre.ts'

type Exported = Readonly<{
  stream: string
  type: string
  body: { pub: Record<string, unknown> & { env: Record<string, unknown> } }
}>
type Report = Readonly<{
  rehearsal: boolean
  token: string
  present: readonly object[]
  heldAt: string
  settings: object
  functions: readonly Readonly<{ phase: string; role: string; does: string }>[]
  steps: readonly Readonly<{ phase: string; step: string; recordedAt?: string }>[]
  keys: readonly Readonly<{
    purpose: string
    id: string
    spkiSha256: string
    attributes: Record<string, unknown>
    destroyed?: string
  }>[]
}>

const script = {
  title: 'Cérémonie des clés de l’AC « CONFIDENTIALITE »',
  place: 'Salle <forte>, Montreuil',
  witnesses: ['Ève Notaire, huissier', 'Noé Garçon, RSSI'],
}

const purposes = ['root', 'ca', 'ocsp', 'log', 'export'] as const

let site: Site
let tokens: Tokens
let database: Env

const settings = (): Env => ({
  ...{ ...environmentOf(tokens), ...database },
  ...{ PKCS11_REHEARSAL_CA_TOKEN: 'essai-ca', PKCS11_REHEARSAL_ESCROW_TOKEN: 'essai-escrow' },
})

/** An officer, and the file with his token. */
const officer = async (id: string, role: string): Promise<void> => {
  const { token } = await site.json<{ token: string }>(['accounts', 'add', id, '--role', role])
  writeFileSync(site.file(`${id}.token`), `${token}\n`, { mode: 0o600 })
}

const asking = (
  out: string,
  more: readonly string[] = [],
  second = 'anne-so',
  file = 'script.json',
): readonly string[] => [
  ...['ceremony', '--script', site.file(file), '--officer', site.file('jean-ca.token')],
  ...['--second', site.file(`${second}.token`), '--out', site.file(out), ...more],
]

const hold = (...asked: Parameters<typeof asking>): Promise<Ended> => site.run(asking(...asked), settings())

/** Asks the installation's database, where it has one. */
const inDatabase = async (question: string): Promise<readonly Record<string, unknown>[]> => {
  if (database.DATABASE_URL === undefined) return []
  const client = new pg.Client({ connectionString: database.DATABASE_URL })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(question)).rows
  } finally {
    await client.end()
  }
}

const pageIn = (folder: string): string => readFileSync(join(site.file(folder), 'ceremony.html'), 'utf8')

const reportIn = (out: string): Report =>
  JSON.parse(readFileSync(join(site.file(out), 'ceremony.json'), 'utf8')) as Report

beforeAll(async () => {
  site = openSite()
  tokens = await openTokens()
  await tokens.init('essai-ca', pins.ca)
  await tokens.init('essai-escrow', pins.escrow)
  database = await site.onServer()
  writeFileSync(site.file('script.json'), JSON.stringify(script))
  writeFileSync(site.file('alone.json'), JSON.stringify({ ...script, witnesses: [] }))
  writeFileSync(
    site.file('one.json'),
    JSON.stringify({ ...script, witnesses: ['Ève Notaire', ' ève notaire'] }),
  )
  await officer('jean-ca', 'caOfficer')
  await officer('anne-so', 'securityOfficer')
  await officer('marie', 'raOfficer')
  writeFileSync(site.file('nobody.token'), 'x'.repeat(43))
})
afterAll(async () => {
  await site.close()
  await tokens.remove()
})

describe('what it is not held with: nothing is made', () => {
  it.each([
    ['no witness', 'anne-so', 'alone.json', /--script: .*\/witnesses /],
    ['a token of nobody', 'nobody', 'script.json', /--second: the token of .* opens no account/],
    ['an officer of another role', 'marie', 'script.json', /--second: marie is neither of caOfficer/],
    ['himself', 'jean-ca', 'script.json', /--second: SECOND_PERSON_REQUIRED \(CGU-06\)/],
  ])('CGU-06, RGS A2 VI.1.1: %s', async (_, second, file, sentence) => {
    const ended = await hold('refused', [], second, file)
    expect([ended.status, ended.stderr]).toEqual([2, expect.stringMatching(sentence)])
    expect(readdirSync(site.file('')).includes('refused')).toBe(false)
  })

  it.each([
    ['held', []],
    ['rehearsed', ['--dry-run']],
  ])('CGU-06, RGS A2 VI.1.1: one witness, twice: it is not %s', async (_, more) => {
    const ended = await hold('refused', more, 'anne-so', 'one.json')
    expect([ended.status, ended.stderr]).toEqual([
      1,
      expect.stringContaining('WITNESSES_MISSING (CGU-06): 1 of 2'),
    ])
    expect(readdirSync(site.file('')).includes('refused')).toBe(false)
    expect(readdirSync(site.dataDir)).toEqual(['accounts.json'])
  })
})

describe('a ceremony', () => {
  it('EN 319 411-1 GEN-6.5.1-13A: rehearsed on throw-away tokens, it leaves a report, no key and no ledger', async () => {
    const before = site.run(['ledger', 'export'], settings())
    const ended = await hold('rehearsal', ['--dry-run'])
    expect([ended.status, ended.stderr]).toEqual([0, ''])
    const { rehearsal, keys } = reportIn('rehearsal')
    expect([rehearsal, keys.map(({ purpose }) => purpose)]).toEqual([true, [...purposes]])
    for (const { destroyed } of keys) expect(destroyed).toMatch(/^CKR_\w*HANDLE_INVALID$/)
    expect(readdirSync(site.file('rehearsal')).sort()).toEqual(['ceremony.html', 'ceremony.json'])
    expect((await site.run(['ledger', 'export'], settings())).stdout).toBe((await before).stdout)
    expect(await inDatabase("select from pg_namespace where nspname = 'vault'")).toEqual([])
  })

  it('CGU-06, RGS A2 VI.1.1, EN 319 411-1 GEN-6.5.1-13A: two officers, planned and recorded, every key read back', async () => {
    const ended = await hold('held')
    expect([ended.status, ended.stderr]).toEqual([0, ''])
    const { rehearsal, keys, present } = reportIn('held')
    expect([rehearsal, present]).toEqual([
      false,
      [
        { account: 'jean-ca', role: 'caOfficer' },
        { account: 'anne-so', role: 'securityOfficer' },
      ],
    ])
    for (const { attributes } of keys)
      expect(attributes).toMatchObject({
        ...{ CKA_SENSITIVE: true, CKA_ALWAYS_SENSITIVE: true, CKA_NEVER_EXTRACTABLE: true },
        ...{ CKA_LOCAL: true, CKA_EXTRACTABLE: false, CKA_MODIFIABLE: false },
      })
    const html = pageIn('held')
    expect(html).toContain('Salle &lt;forte&gt;, Montreuil')
    expect(html).toContain('Ève Notaire, huissier')

    const exported = await site.run(['ledger', 'export'], settings())
    const events = exported.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Exported)
    for (const { id, spkiSha256 } of keys) {
      const own = events.filter(
        ({ stream, type }) => stream === `servicekey-${id}` && type.startsWith('ServiceKey'),
      )
      expect(own.map(({ type, body }) => [type, body.pub.env['role']])).toEqual([
        ['ServiceKeyPlanned', 'caOfficer'],
        ['ServiceKeyGenerated', 'caOfficer'],
      ])
      expect(own[1]?.body.pub['spkiSha256']).toBe(spkiSha256)
    }
    // Witnesses are named in the report, and sealed in the ledger.
    expect(exported.stdout).not.toMatch(/Notaire|Montreuil/)
  })

  it('EN 319 411-1 GEN-6.5.1-13A: the report has every function by its phase, the settings, and what an earlier session had made', async () => {
    const { heldAt, functions, steps, settings: of, keys } = reportIn('held')
    const during = (phase: string) =>
      functions.filter((one) => one.phase === phase).map(({ role, does }) => [role, does])
    for (const phase of ['keys', 'certificates', 'conditions'])
      expect(during(phase).slice(0, 3)).toEqual([
        ['caOfficer', 'commands'],
        ['securityOfficer', 'standsBeside'],
        ['witness', 'watches'],
      ])
    expect(during('closing').map(([role]) => role)).toEqual([
      ...['program', 'caOfficer', 'securityOfficer', 'witness'],
    ])
    expect(of).toEqual({ PKCS11_SESSIONS: '4', PKCS11_WRAP_MECHANISM: '0x210a' })
    const recorded = steps.filter(({ recordedAt }) => recordedAt !== undefined)
    expect(recorded.map(({ phase }) => phase).sort()).toEqual([
      ...Array<string>(2).fill('certificates'),
      'conditions',
      ...Array<string>(keys.length).fill('keys'),
    ])
    for (const { recordedAt = '' } of recorded)
      expect(Date.parse(recordedAt)).toBeGreaterThanOrEqual(Date.parse(heldAt))
    expect(pageIn('held')).not.toContain('séance antérieure')

    const signed = readFileSync(join(site.file('held'), 'ceremony.json'), 'utf8')
    const rehearsed = await hold('held', ['--dry-run'])
    expect([rehearsed.status, rehearsed.stderr]).toEqual([
      2,
      expect.stringContaining('has the signed report'),
    ])
    expect((await hold('held')).stdout).toContain('left as it was signed')
    expect(readFileSync(join(site.file('held'), 'ceremony.json'), 'utf8')).toBe(signed)
    const ended = await hold('held-again')
    expect([ended.status, ended.stderr]).toEqual([0, ''])
    const again = reportIn('held-again')
    expect(again.steps.map(({ step, recordedAt }) => [step, recordedAt])).toEqual(
      steps.map(({ step, recordedAt }) => [step, recordedAt]),
    )
    expect(pageIn('held-again').match(/séance antérieure/g)).toHaveLength(recorded.length)
  })

  it('EN 319 411-1 GEN-6.5.1-13A: one is rehearsed beside an escrow that has keys too, and changes nothing there', async () => {
    const row = "('x', '', 'x', '', '2026-01-01T00:00:00Z', 'stock')"
    const columns = 'spki_sha256, spki, kek, blob, generated_at, state'
    await inDatabase(`insert into vault.escrowed_key (${columns}) values ${row}`)
    const before = (await site.run(['ledger', 'export'], settings())).stdout.split('\n').length
    const ended = await hold('rehearsal-again', ['--dry-run'])
    expect([ended.status, ended.stderr, reportIn('rehearsal-again').rehearsal]).toEqual([0, '', true])
    await inDatabase('delete from vault.escrowed_key')
    expect((await site.run(['ledger', 'export'], settings())).stdout.split('\n').length).toBe(before)
  })

  it('EN 319 411-1 GEN-6.5.1-13A: none is rehearsed on a token of the installation, by whichever of its names: its keys would be destroyed', async () => {
    const objects = async () => readdirSync(await tokens.folder('authorities')).sort()
    const before = await objects()
    const [, serial = ''] = /\.([0-9a-f]+)$/.exec(reportIn('held').token) ?? []
    const env = { ...settings(), PKCS11_REHEARSAL_CA_TOKEN: serial }
    const { status, stderr } = await site.run(asking('on-our-own', ['--dry-run']), env)
    expect([status, stderr]).toEqual([3, expect.stringContaining('is one of the installation’s own')])
    expect(readdirSync(site.file('')).includes('on-our-own')).toBe(false)
    expect(await objects()).toEqual(before)
  })

  it('EN 319 411-1 GEN-6.5.1-13A: OpenSSL verifies the report, and not one that was changed', async () => {
    const folder = site.file('held')
    const verify = (file: string) =>
      openssl(folder, 'dgst', '-sha384', '-verify', 'log-key.pem', '-signature', `${file}.sig`, file)
    expect(await verify('ceremony.json')).toContain('Verified OK')
    expect(await verify('ceremony.html')).toContain('Verified OK')
    const changed = site.file('changed')
    mkdirSync(changed)
    const text = readFileSync(join(folder, 'ceremony.json'), 'utf8')
    writeFileSync(join(changed, 'ceremony.json'), text.replace('Montreuil', 'Montrouge'))
    const args = ['-verify', join(folder, 'log-key.pem'), '-signature', join(folder, 'ceremony.json.sig')]
    await expect(openssl(changed, 'dgst', '-sha384', ...args, 'ceremony.json')).rejects.toThrow(/verif|Verif/)
  })

  it('CGU-06, proofs 1.2: two officers have the head of an export signed, which OpenSSL verifies', async () => {
    const [file, folder] = [site.file('ledger.jsonl'), site.file('held')]
    const signed = ['--officer', site.file('jean-ca.token'), '--second', site.file('anne-so.token')]
    const ended = await site.run(['ledger', 'export', '--out', file, ...signed], settings())
    expect([ended.status, ended.stderr]).toEqual([0, ''])
    const { size, root, signature } = JSON.parse(
      readFileSync(file, 'utf8').trimEnd().split('\n').at(-1)!,
    ) as { size: number; root: string; signature: { value: string } }
    const note = [site.policy['log'], size, Buffer.from(root, 'hex').toString('base64'), '']
    writeFileSync(site.file('head.txt'), note.join('\n'))
    writeFileSync(site.file('head.sig'), Buffer.from(signature.value, 'base64'))
    const files = ['-signature', site.file('head.sig'), site.file('head.txt')]
    expect(await openssl(folder, 'dgst', '-sha384', '-verify', 'log-key.pem', ...files)).toContain(
      'Verified OK',
    )

    const checked = await site.json(['ledger', 'check', file, '--key', join(folder, 'log-key.pem')])
    expect(checked).toMatchObject({ size, root, signature: 'verified' })
    const alone = await site.run(['ledger', 'export', '--out', `${file}2`, ...signed.slice(0, 2)], settings())
    expect([alone.status, alone.stderr]).toEqual([
      2,
      expect.stringContaining('--officer, --second and --out'),
    ])
  })

  it('CGU-114: both officers have signed in, before they act; a token of nobody is in the journal too', async () => {
    const journal = async () => {
      const { stdout } = await site.run(['ledger', 'export'], settings())
      const events = stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Exported)
      return events
        .filter(({ type }) => ['SignedIn', 'SignInFailed', 'ServiceKeyPlanned'].includes(type))
        .map(({ type, body: { pub } }) =>
          [type, pub.env['role'], ...(pub['cause'] === undefined ? [] : [pub['cause']])].join(' '),
        )
    }
    const before = await journal()
    const both = ['SignedIn caOfficer', 'SignedIn securityOfficer']
    expect(before.slice(0, 3)).toEqual([...both, 'ServiceKeyPlanned caOfficer'])
    expect(await hold('nobody', [], 'nobody')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--second: the token of .* opens no account/) as string,
    })
    expect(await hold('other', [], 'marie')).toMatchObject({ status: 2 })
    expect((await journal()).slice(before.length)).toEqual([
      'SignInFailed program unknown-token',
      'SignedIn caOfficer',
      'SignedIn raOfficer',
    ])
    expect(readdirSync(site.file('')).filter((name) => /^(?:nobody|other)$/.test(name))).toEqual([])
  })

  it('CGU-13, CGU-105: the service starts on these keys and makes no others, its responder’s among them', async () => {
    const service = await site.start(settings())
    await service.stop()
    const exported = await site.run(['ledger', 'export'], settings())
    const planned = exported.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Exported)
      .filter(({ type }) => type === 'ServiceKeyPlanned')
    // The KEK of the year, besides, under which the escrow puts holders' keys.
    expect(planned.map(({ body }) => body.pub['purpose'])).toEqual([...purposes, 'escrowKek'])
  })

  type Compared = Readonly<{
    reconciled: boolean
    keys: readonly Readonly<{
      purpose: string
      verdict: string
      least: number
      most: number
      signatures: number
      uncertain: number
      difference: number
    }>[]
  }>
  const compared = async (): Promise<readonly [number | null, Compared]> => {
    const { status, stdout } = await site.run(['custody', 'reconcile', '--json'], settings())
    return [status, JSON.parse(stdout) as Compared]
  }

  it('RGS A2 V.4: every signature that the tokens have made is in the ledger, by the tokens’ own count', async () => {
    const [status, { reconciled, keys }] = await compared()
    expect([status, reconciled]).toEqual([0, true])
    const counted = keys.map(({ purpose, least, most, signatures, uncertain, verdict }) => {
      expect(signatures - uncertain).toBeLessThanOrEqual(most)
      return [purpose, verdict, least, signatures]
    })
    expect(counted).toEqual([
      // Its own certificate, that of the authority, and a list; the authority's responder, and a list; two documents of each of two reports, and the head of an export.
      ['root', 'agrees', 3, 3],
      ['ca', 'agrees', 2, 2],
      ['ocsp', 'agrees', 0, 0],
      ['log', 'agrees', 5, 5],
      ['export', 'agrees', 0, 0],
    ])
    const words = await site.run(['custody', 'reconcile'], settings())
    expect(words.stdout).toContain('Every signature is accounted for.')
  })

  it('CGU-90, CGU-91: the root revokes no authority whose key can still sign; nothing is signed', async () => {
    const asked = ['--script', site.file('script.json'), '--officer', site.file('jean-ca.token')]
    const { status, stderr } = await site.run(
      ['arl', ...asked, '--second', site.file('anne-so.token'), '--out', site.file('arl')],
      settings(),
    )
    expect([status, stderr]).toEqual([1, expect.stringContaining('CA_KEY_NOT_DESTROYED (CGU-90)')])
    expect(readdirSync(site.file('')).includes('arl')).toBe(false)
    expect((await compared())[0]).toBe(0)
  })

  it.each([
    ['held', []],
    ['rehearsed', ['--dry-run']],
  ])('CGU-91, RGS A2 VI.1.1: before one witness no list of the root is %s', async (_, more) => {
    const asked = ['--script', site.file('one.json'), '--officer', site.file('jean-ca.token')]
    const { status, stderr } = await site.run(
      ['arl', ...asked, '--second', site.file('anne-so.token'), '--out', site.file('arl'), ...more],
      settings(),
    )
    expect([status, stderr]).toEqual([1, expect.stringContaining('WITNESSES_MISSING (CGU-91): 1 of 2')])
  })

  it('RGS A2 V.4: one that the ledger does not know is found, and so is a count that was lost', async () => {
    const { policy } = readConfig({ DATA_DIR: site.dataDir })
    const { ca, escrow } = settingsOf(tokens)
    const [{ most, signatures, uncertain }] = (await compared())[1].keys as [Compared['keys'][number]]
    const understood = most - (signatures - uncertain)
    const [directory, counts] = ['keys', 'keys/signatures.json'].map((name) => join(site.dataDir, name))
    const keys = await openPkcs11Keys({
      ca,
      escrow,
      manifest: join(directory!, 'pkcs11.json'),
      counts: counts!,
    })
    const root = await keys.signer(serviceKeyId(policy, 'root', 1))
    // On a busy machine an outcome may come late after its plan, and one signature more is understood.
    for (let more = 0; more <= understood; more += 1) await root.sign(Buffer.from('a certificate of nobody'))
    await keys.close()
    const of = ({ keys: all }: Compared) =>
      all.map(({ purpose, verdict, difference }) => [purpose, verdict, difference])
    const [status, found] = await compared()
    expect([status, of(found)[0]]).toEqual([1, ['root', 'unknown', 1]])
    writeFileSync(counts!, JSON.stringify({ v: 1, keys: {} }))
    const [lost, nothing] = await compared()
    expect([lost, of(nothing).slice(0, 2)]).toEqual([
      1,
      [
        ['root', 'missing', 3],
        ['ca', 'missing', 2],
      ],
    ])
  })
})
