import { createHash, randomUUID } from 'node:crypto'
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../../cli/config.ts'
import { serviceKeyId } from '../../commands/ceremony.ts'
import { openMaster } from '../../hsm/passphrase.ts'
import { openSoftwareKeys } from '../../hsm/software.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { giveMaster } from '../support/cheapMaster.ts'
import { openLoopback } from '../support/eventstoredb/loopback.ts'
import { agent } from '../support/life.ts'
import { openSite, type Ended, type Env, type Site } from './grandLivre.ts'
import { live } from './life.ts'
import { commandsOfRunbooks, fits } from './runbooks.ts'

type Body = Readonly<{
  v: number
  at: string
  pub: Readonly<Record<string, unknown>>
  sealed: Readonly<Record<string, Readonly<{ k: string; c: string; ct: string }>>>
}>
type Line = Readonly<{
  idx: number
  stream: string
  revision: number
  id: string
  type: string
  body: Body
  leafHash: string
}>
type Finding = Readonly<{ index: number; stream: string; revision: number; message: string }>
type Verified = Readonly<{
  size: number
  root: string
  found: number
  findings: readonly Finding[]
  opened: number
  closed: number
  closedBecause?: string
}>
type Replayed = Readonly<{
  size: number
  sha256: string
  entries: readonly Readonly<{ serial: string; profile: string; status: string; revokedAt?: string }>[]
}>

let site: Site
let serial: string
let database: Env
/** What was asked beside the running service. */
let beside: Ended
let exported: Ended
/** The last CRL, with the revocation in it. */
let lastList: Buffer
let lines: readonly Line[]

beforeAll(async () => {
  site = openSite()
  database = await site.onServer()
  const service = await site.start(database)
  serial = await live(site, service)
  beside = await site.run(['ledger', 'verify', '--json'])
  do {
    const list = await fetch(`${service.url}/ac-confidentialite-mef-qualifiee.crl`)
    lastList = Buffer.from(await list.arrayBuffer())
  } while (!lastList.includes(Buffer.from(serial, 'hex')))
  await service.stop()
  exported = await site.run(['ledger', 'export'])
  lines = exported.stdout
    .split('\n')
    .slice(1, -2)
    .map((line) => JSON.parse(line) as Line)
})
afterAll(() => site.close())

const sha256 = (...parts: readonly (string | Buffer)[]): Buffer =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const hex = (text: string | Buffer): string => sha256(text).toString('hex')

/** RFC 8785 as far as the ledger goes (proofs.md 1.1): sorted names, no white space. */
const jcs = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )

/** The leaf, written anew from proofs.md 1.1. */
const leafOf = ({ stream, revision, id, type, body: { v, at, pub, sealed } }: Line): Buffer => {
  const seal = Object.fromEntries(
    Object.entries(sealed).map(([field, { k, c, ct }]) => [
      field,
      { c, e: hex(Buffer.from(ct, 'base64')), k },
    ]),
  )
  const log = site.policy['log']
  return sha256(Buffer.of(0), jcs({ v, log, stream, rev: revision, id, type, at, pub: hex(jcs(pub)), seal }))
}

/** RFC 6962 2.1, as it is written there. */
const treeHead = (leaves: readonly Buffer[]): Buffer => {
  const [leaf] = leaves
  if (leaf === undefined) return sha256('')
  if (leaves.length === 1) return leaf
  const k = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return sha256(Buffer.of(1), treeHead(leaves.slice(0, k)), treeHead(leaves.slice(k)))
}
const headAt = (size: number): string =>
  `${size}:${treeHead(lines.slice(0, size).map(leafOf)).toString('hex')}`

/** A copy of the ledger alone, where it may be tampered with. */
const copied = (): { dataDir: string; env: Env; file: string } => {
  const dataDir = site.file(randomUUID())
  cpSync(join(site.dataDir, 'ledger'), join(dataDir, 'ledger'), { recursive: true })
  return { dataDir, env: { DATA_DIR: dataDir }, file: join(dataDir, 'ledger', 'data.mdb') }
}

const verdictOf = ({ stdout }: Ended): Verified => JSON.parse(stdout) as Verified

describe('ledger export', () => {
  it('proofs.md 1.1: every line has the leaf hash that its own content gives, and its rank', () => {
    expect([exported.status, exported.stderr]).toEqual([0, ''])
    expect(lines.length).toBeGreaterThan(30)
    expect(lines.map(({ idx, leafHash }) => [idx, leafHash])).toEqual(
      lines.map((line, idx) => [idx, leafOf(line).toString('hex')]),
    )
  })

  it('proofs.md 2: it is sealed as it is stored: no name, no number, no address', () => {
    for (const word of [agent.surname, agent.givenNames, agent.email, agent.matricule, 'ÉTÉ'])
      expect(exported.stdout).not.toContain(word)
    expect(lines.some(({ body }) => Object.keys(body.sealed).length > 0)).toBe(true)
  })

  it('to a new file of mode 0600, the same; a file that is there is left as it is: status 3', async () => {
    const file = site.file('events.jsonl')
    const root = headAt(lines.length).split(':')[1]
    expect(await site.json(['ledger', 'export', '--out', file])).toEqual({ file, size: lines.length, root })
    expect(readFileSync(file, 'utf8')).toBe(exported.stdout)
    expect(statSync(file).mode & 0o777).toBe(0o600)

    writeFileSync(file, 'precious')
    const { status, stderr } = await site.run(['ledger', 'export', '--out', file])
    expect([status, stderr]).toEqual([3, expect.stringMatching(/^EEXIST: .*\n$/)])
    expect(readFileSync(file, 'utf8')).toBe('precious')
  })

  it('a reader that stops reading (`| head`) is no fault', async () => {
    expect(await site.unread(['ledger', 'export'])).toEqual({ status: 0, stdout: '', stderr: '' })
  })
})

describe('ledger verify', () => {
  it('proofs.md 6: an intact ledger has the RFC 6962 root of its leaves, and meets the heads kept elsewhere', async () => {
    const heads = [0, 1, 7, lines.length].flatMap((size) => ['--head', headAt(size)])
    const verified = await site.json<Verified>(['ledger', 'verify', ...heads], database)
    expect(verified).toMatchObject({ found: 0, findings: [], closed: 0 })
    expect(`${verified.size}:${verified.root}`).toBe(headAt(lines.length))
    expect(verified.opened).toBe(lines.flatMap(({ body }) => Object.keys(body.sealed)).length)
  })

  it('beside a running service it verifies too, and says why it opens no seal', () => {
    expect(beside.status).toBe(0)
    const verified = verdictOf(beside)
    expect(verified).toMatchObject({ found: 0, opened: 0 })
    expect(verified.closed).toBeGreaterThan(0)
    expect(verified.closedBecause).toMatch(/^the vault is open for writing in a process that answers at /)
  })

  it('proofs.md 6: a tail that was cut off is missed where a head was kept: status 1', async () => {
    const longer = `${lines.length + 1}:${'0'.repeat(64)}`
    const { status, stdout } = await site.run(['ledger', 'verify', '--head', longer])
    expect(status).toBe(1)
    expect(stdout).toContain(`the ledger has been known to hold ${lines.length + 1} events, and holds fewer`)
    expect(stdout).toContain('The ledger is NOT intact.')
  })

  it('proofs.md 6: an event that somebody put in is named: status 1, whether or not anybody reads it', async () => {
    const { dataDir, env } = copied()
    const store = await openEmbeddedStore({ path: join(dataDir, 'ledger') })
    const stream = `certificate-${serial}`
    const body = { v: 1, at: '2000-01-01T00:00:00.000Z', pub: { unrevoked: true }, sealed: {} }
    const data = Buffer.from(JSON.stringify(body))
    const event = { id: randomUUID(), type: 'CertificateUnrevoked', json: true, data }
    const { revision } = await store.append(stream, [event], 'any')
    await store.close()

    const ended = await site.run(['ledger', 'verify', '--json'], env)
    expect(ended.status).toBe(1)
    const { findings, size } = verdictOf(ended)
    expect(size).toBe(lines.length + 1)
    expect(findings.map(({ message }) => message)).toEqual(
      expect.arrayContaining([
        'the body is not in canonical form',
        'it was recorded earlier than the event before it',
      ]),
    )
    for (const finding of findings) expect(finding).toMatchObject({ index: lines.length, stream, revision })
    expect(await site.unread(['ledger', 'verify'], env)).toMatchObject({ status: 1, stderr: '' })
  })

  it('CGU-105: under the keys of another installation no seal is called broken: the two do not belong together, status 3', async () => {
    const { dataDir, env } = copied()
    giveMaster(dataDir)
    const directory = join(dataDir, 'keys')
    const master = await openMaster(directory, readFileSync(join(dataDir, 'passphrase'), 'utf8').trim())
    const { policy } = readConfig({ DATA_DIR: dataDir, POLICY_FILE: site.file('policy.json') })
    const id = serviceKeyId(policy, 'root', 1)
    const keys = await openSoftwareKeys({ directory, master })
    await keys.generate({ id, purpose: 'root', algorithm: 'ecP256' })
    const { status, stdout, stderr } = await site.run(['ledger', 'verify'], env)
    expect([status, stdout]).toEqual([3, ''])
    expect(stderr).toContain('the ledger is of another installation')
  })

  it('proofs.md 6: one digit changed on disk, all digests fitting: a head kept elsewhere shows it', async () => {
    const { env, file } = copied()
    const { pub } = lines.find(
      ({ stream, type }) => stream === `certificate-${serial}` && type === 'CertificateIssued',
    )!.body
    const digest = String(pub['certSha256'])
    const other = digest.replace(/^./, (digit) => (digit === '0' ? '1' : '0'))
    const text = readFileSync(file, 'latin1')
    expect(text).toContain(digest)
    writeFileSync(file, text.replaceAll(digest, other), 'latin1')

    const ended = await site.run(['ledger', 'verify', '--json', '--head', headAt(lines.length)], env)
    expect(ended.status).toBe(1)
    expect(verdictOf(ended).findings.map(({ message }) => message)).toContain(
      `the tree of ${lines.length} events is not the one whose root is known`,
    )
  })
})

describe('replay', () => {
  it('CGU-76: the status table as it stood before and after each fact, from the ledger alone', async () => {
    const becomes: Readonly<Record<string, string>> = {
      ...{ CertificatePlanned: 'planned', CertificateIssued: 'issued' },
      ...{ CertificateAccepted: 'accepted', CertificateRevoked: 'revoked' },
    }
    const facts = lines.filter(({ stream, type }) => stream === `certificate-${serial}` && type in becomes)
    expect(facts.map(({ type }) => type)).toEqual(Object.keys(becomes))
    for (const { body } of facts.slice(1))
      for (const instant of [new Date(Date.parse(body.at) - 1).toISOString(), body.at]) {
        const { size, entries } = await site.json<Replayed>(['replay', '--at', instant])
        const last = facts.findLast((fact) => fact.body.at <= instant)!
        const revokedAt = last.type === 'CertificateRevoked' ? last.body.pub['revokedAt'] : undefined
        const { status, revokedAt: since } = entries.find((row) => row.serial === serial)!
        expect([instant, size, status, since]).toEqual([
          instant,
          lines.filter((line) => line.body.at <= instant).length,
          becomes[last.type],
          revokedAt,
        ])
      }
  })
})

describe('projections', () => {
  type Row = Readonly<{ name: string; size: number; behind: number; state: string }>

  it('all are up to date after a stop; thrown away and built anew, they are again', async () => {
    const before = await site.json<readonly Row[]>(['projections', 'status'], database)
    expect(before.length).toBeGreaterThanOrEqual(3)
    for (const row of before)
      expect(row).toMatchObject({ size: lines.length, behind: 0, state: 'up to date' })
    const { rebuilt, events } = await site.json<{ rebuilt: string[]; events: number }>(
      ['projections', 'rebuild'],
      database,
    )
    expect([rebuilt, events]).toEqual([before.map(({ name }) => name), lines.length])
    expect(await site.json(['projections', 'status'], database)).toEqual(before)
  })
})

describe('ledger import', () => {
  const file = (): string => site.file('exported.jsonl')
  type Imported = Readonly<{ size: number; root: string; resumedAt: number; appended: number; found: number }>

  beforeAll(() => writeFileSync(file(), exported.stdout))

  it('killed in the middle it goes on; from what came back the service serves the last CRL, byte for byte', async () => {
    const head = headAt(lines.length)
    const path = site.file(randomUUID())
    let [appends, kill] = [0, (): void => undefined]
    const node = await openLoopback(async () => {
      const store = await openEmbeddedStore({ path })
      return {
        ...store,
        append: (...asked) => {
          appends += 1
          // This one still arrives, and nobody hears of it.
          if (appends === 20) kill()
          return store.append(...asked)
        },
      }
    })
    const restored: Env = { LEDGER_URL: node.connectionString, ...database }
    const first = site.killable(['ledger', 'import', file()], restored)
    kill = first.kill
    expect((await first.ended).status).toBe(null)

    const half = await site.run(['replay', '--at', '2026-11-24T12:00:00Z'], restored)
    expect([half.status, half.stderr]).toEqual([3, expect.stringContaining('into this ledger has not ended')])
    const { size, root, resumedAt, appended, found } = await site.json<Imported>(
      ['ledger', 'import', file(), '--head', head],
      restored,
    )
    expect([`${size}:${root}`, resumedAt + appended, found]).toEqual([head, lines.length, 0])
    expect(resumedAt).toBeGreaterThanOrEqual(18)
    await site.json(['projections', 'rebuild'], restored)

    const service = await site.start(restored)
    const list = await fetch(`${service.url}/ac-confidentialite-mef-qualifiee.crl`)
    expect(Buffer.from(await list.arrayBuffer()).equals(lastList)).toBe(true)
    await service.stop()
    await node.close()
  })

  it('into a directory; given again it is refused, and the ledger left as it is: status 3', async () => {
    const env = { DATA_DIR: site.file(randomUUID()) }
    const { status, stdout, stderr } = await site.run(['ledger', 'import', file()], env)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain('The ledger is the one that was exported.')
    const again = await site.run(['ledger', 'import', file()], env)
    expect([again.status, again.stderr]).toEqual([3, expect.stringMatching(/^the ledger is not empty: /)])
    const verified = await site.json<Verified>(['ledger', 'verify', '--head', headAt(lines.length)], env)
    expect([verified.size, verified.found]).toEqual([lines.length, 0])
  })

  it('a file with a changed letter is told by its line, and goes nowhere: status 1', async () => {
    const bad = site.file('bad.jsonl')
    const all = exported.stdout.split('\n')
    all[9] = all[9]!.replace(/"created":"2/, '"created":"1')
    writeFileSync(bad, all.join('\n'))
    const env = { DATA_DIR: site.file(randomUUID()) }
    const { status, stderr } = await site.run(['ledger', 'import', bad], env)
    expect([status, stderr]).toEqual([
      1,
      `line ${lines.length + 2}: its SHA-256 is not the one of the file: something was changed\n`,
    ])
    expect((await site.json<Verified>(['ledger', 'verify'], env)).size).toBe(0)
  })
})

describe('what is not there: status 3, and nothing is made', () => {
  it.each([
    ['ledger', 'verify'],
    ['ledger', 'export'],
    ['replay', '--at', '2026-11-24T12:00:00Z'],
    ['projections', 'status'],
    ['projections', 'rebuild'],
  ])('%s %s', async (...args) => {
    const dataDir = site.file(randomUUID())
    const { status, stdout, stderr } = await site.run(args, { DATA_DIR: dataDir })
    const said = `there is no ledger in ${dataDir}: set DATA_DIR, or start the service once\n`
    expect([status, stdout, stderr]).toEqual([3, '', said])
    expect(existsSync(dataDir)).toBe(false)
  })
})

describe('a data directory that there is not: status 3, and no installation is begun in it', () => {
  const officers = ['--officer', 'jean.token', '--second', 'anne.token']
  const held = ['--script', 'script.json', ...officers]
  it.each([
    ['jobs', 'list'],
    ['jobs', 'retry', 'publishCrl'],
    ['custody', 'keks'],
    ['custody', 'rewrap'],
    ['custody', 'destroy-kek', 'x', ...officers, '--present', 'salle 2'],
    ['custody', 'transfer', '--to', 'successor.pem', '--out', 'package', ...held],
    ['custody', 'transfer-receipt', '--receipt', 'receipt.json', '--package', 'package', ...held],
    ['ca-key-destruction', ...held],
    ['arl', ...held],
    ['ledger', 'export', '--out', 'ledger.jsonl', ...officers],
    ['referential', 'import', 'agents.csv'],
    ['directory', 'import', 'people.csv'],
  ])('%s %s', async (...args) => {
    const dataDir = site.file(randomUUID())
    const { status, stdout, stderr } = await site.run(args, { DATA_DIR: dataDir })
    expect([status, stdout]).toEqual([3, ''])
    expect(stderr).toMatch(
      /^(there are no keys|no service has run) in .*: set DATA_DIR, or start the service once\n$/,
    )
    expect(existsSync(dataDir)).toBe(false)
  })

  it('keys whose ledger has not been given back get none of their own by a look: status 3', async () => {
    const dataDir = site.file(randomUUID())
    for (const name of ['keys', 'passphrase'])
      cpSync(join(site.dataDir, name), join(dataDir, name), { recursive: true })
    const { status, stderr } = await site.run(['custody', 'keks'], { DATA_DIR: dataDir })
    expect([status, stderr]).toEqual([3, expect.stringContaining('there is no ledger in')])
    expect(existsSync(join(dataDir, 'ledger'))).toBe(false)
    rmSync(join(dataDir, 'keys/master.json'))
    const lost = await site.run(['custody', 'keks'], { DATA_DIR: dataDir })
    expect([lost.status, lost.stderr]).toEqual([3, expect.stringContaining('has lost its master.json')])
  })
})

describe('arguments that do not fit: status 2, in a sentence', () => {
  it.each([
    ['a file without a name', ['ledger', 'export', '--out', ''], '--out: is empty'],
    ['a head that is none', ['ledger', 'verify', '--head', ''], '--head: is empty'],
    [
      'a day that there is not',
      ['replay', '--at', '2026-02-30T00:00:00Z'],
      '--at: 2026-02-30T00:00:00Z is not',
    ],
    [
      'an instant not in UTC',
      ['replay', '--at', '2026-11-24T12:00:00+01:00'],
      '--at: 2026-11-24T12:00:00+01',
    ],
    ['no instant', ['replay'], "error: required option '--at <instant>' not specified"],
    ['half a head', ['ledger', 'verify', '--head', '5'], '--head: 5 is not SIZE:ROOT'],
    [
      'a read model that there is not',
      ['projections', 'rebuild', 'x'],
      'there is no read model x; there are ',
    ],
    ['a command that there is not', ['verify'], "error: unknown command 'verify'"],
    ['an option that there is not', ['ledger', 'verify', '--heads'], "error: unknown option '--heads'"],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await site.run(args)
    expect([status, stdout, stderr.slice(0, message.length)]).toEqual([2, '', message])
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})

describe('--help', () => {
  it('every command has it, and says what it is for: status 0', async () => {
    const helped: string[] = []
    const helps: Record<string, string> = {}
    // As far as the help itself leads, a level at a time.
    for (let level = ['']; level.length > 0;) {
      const next: string[] = []
      for (let from = 0; from < level.length; from += 3)
        await Promise.all(
          level.slice(from, from + 3).map(async (path) => {
            const { status, stdout, stderr } = await site.run([...path.split(' ').filter(Boolean), '--help'])
            expect([path, status, stderr]).toEqual([path, 0, ''])
            expect(stdout).toMatch(/^Usage: grand-livre.*\n\n\S/)
            helped.push(path)
            helps[path] = stdout
            const commands = stdout.split('\nCommands:\n')[1]?.split('\n\n')[0] ?? ''
            for (const [, name = ''] of commands.matchAll(/^ {2}([a-z-]+)/gm))
              if (name !== 'help') next.push(`${path} ${name}`.trim())
          }),
        )
      level = next
    }
    expect(helped.toSorted()).toEqual(
      [
        ...['', 'accounts', 'accounts add', 'accounts bind', 'accounts client', 'accounts link'],
        ...['accounts list', 'accounts remove', 'accounts unbind', 'accounts unlink'],
        ...['arl', 'ca-key-destruction'],
        ...[
          'ceremony',
          'compliance',
          'config',
          'config check',
          'custody',
          'custody copy',
          'custody destroy-kek',
          'custody keks',
          'custody pin',
          'custody pin combine',
        ],
        ...['custody pin split', 'custody reconcile', 'custody rewrap', 'custody transfer'],
        ...['custody transfer-receipt', 'demo'],
        ...['directory', 'directory import', 'end-of-life', 'jobs', 'jobs list', 'jobs retry', 'ledger'],
        ...['ledger accept', 'ledger check', 'ledger export', 'ledger import', 'ledger verify'],
        ...['projections', 'projections rebuild', 'projections status'],
        ...['referential', 'referential import', 'replay', 'revoke', 'signer', 'start'],
        ...['migrate', 'api', 'projector', 'worker', 'status'],
      ].toSorted(),
    )
    // What the runbooks say is to be typed can be typed.
    const typed = commandsOfRunbooks()
    expect(typed.length).toBeGreaterThan(10)
    expect(typed.filter((line) => !fits(line, helps))).toEqual([])
    const wrong = ['grand-livre ledger mend', 'grand-livre projections rebuild --hard', 'grand-livre heal']
    expect(wrong.filter((line) => fits(line, helps))).toEqual([])
  })
})
