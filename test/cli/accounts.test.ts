import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { get } from 'node:https'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { addClient, linkIdentity, unlinkIdentity } from '../../cli/accountMeans.ts'
import { addLine, removeAccount } from '../../cli/accountsFile.ts'
import { openSite, type Site } from './grandLivre.ts'

type Account = Readonly<{ id: string; person: string; roles: string[]; entities: string[] }>
type Added = Account & Readonly<{ token: string }>

const person = '6f0f8f6e-6a3c-4f0e-9d57-0c1f5e1b2a3d'

let site: Site
let marie: Added
beforeAll(async () => {
  site = openSite()
  marie = await site.json<Added>([
    ...['accounts', 'add', 'marie', '--role', 'raOfficer', '--role', 'supportAgent'],
    ...['--entity', 'dgddi', '--entity', 'insee', '--person', person],
  ])
})
afterAll(() => site.close())

const accountsFile = (): string => readFileSync(join(site.dataDir, 'accounts.json'), 'utf8')
const shown = ({ id, roles, entities }: Account) => ({ id, person, roles, entities })

describe('accounts', () => {
  it('RGS A2 XI: a token is shown once, 256 bits; at rest there is its SHA-256, in a file of mode 0600', () => {
    const { token, ...account } = marie
    expect(account).toEqual({
      ...{ id: 'marie', person, roles: ['raOfficer', 'supportAgent'], entities: ['dgddi', 'insee'] },
    })
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    const text = accountsFile()
    expect(text).not.toContain(token)
    expect(text).toContain(createHash('sha256').update(token).digest('hex'))
    expect(statSync(join(site.dataDir, 'accounts.json')).mode & 0o777).toBe(0o600)
    expect(statSync(site.dataDir).mode & 0o777).toBe(0o700)
  })

  it('the list has names, persons, roles and entities, and no token nor its digest', async () => {
    const listed = await site.run(['accounts', 'list', '--json'])
    expect(JSON.parse(listed.stdout)).toEqual([{ ...shown(marie), signsInBy: ['token'] }])
    const { status, stdout } = await site.run(['accounts', 'list'])
    expect(status).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
      ['ACCOUNT', 'ROLES', 'PERSON', 'SIGNS IN BY', 'ENTITIES'],
      ['marie', 'raOfficer,supportAgent', person, 'token', 'dgddi,insee'],
      [''],
    ])
  })

  it('at a mistyped DATA_DIR there is nobody to list, and that is said: status 3', async () => {
    const { status, stdout, stderr } = await site.run(['accounts', 'list'], {
      DATA_DIR: site.file('mistyped'),
    })
    expect([status, stdout, stderr]).toEqual([3, '', expect.stringContaining('set DATA_DIR')])
  })

  it('CGU-24: the running service takes a token from the moment it is added until it is removed', async () => {
    const [cert, key] = [site.file('tls.pem'), site.file('tls.key')]
    const made = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      key,
      '-out',
      cert,
    ]
    execFileSync('openssl', ['req', '-x509', ...made, '-subj', '/CN=localhost'], { stdio: 'ignore' })
    const tls = { TLS_CERT_FILE: cert, TLS_KEY_FILE: key, TLS_PORT: '0' }
    const service = await site.start({ ...(await site.onServer()), ...tls })
    const path = '/api/v1/certificates?limit=1'
    const look = async (token: string): Promise<number | undefined> => {
      const trusted = { ca: readFileSync(cert), servername: 'localhost', agent: false as const }
      const headers = { authorization: `Bearer ${token}` }
      const asked = get(`${service.tlsUrl}${path}`, { ...trusted, headers })
      const [answer] = (await once(asked, 'response')) as [IncomingMessage]
      answer.resume()
      return answer.statusCode
    }
    const added = await site.run(['accounts', 'add', 'paul', '--role', 'auditor'])
    const token = /^token +(\S+) +\(shown once/m.exec(added.stdout)?.[1] ?? ''
    const wrong = Buffer.alloc(32).toString('base64url')
    expect([await look(token), await look(marie.token), await look(wrong)]).toEqual([200, 200, 401])

    // RFC 5280 8: lists are fetched on the plain port; nobody shows a secret there, where there is one with TLS.
    const plain = await fetch(`${service.url}${path}`, {
      headers: { authorization: `Bearer ${marie.token}` },
    })
    expect([plain.status, ((await plain.json()) as { code: string }).code]).toEqual([403, 'TLS_REQUIRED'])
    expect((await fetch(`${service.url}/ac-confidentialite-mef-qualifiee.crl`)).status).toBe(200)

    const removed = await site.run(['accounts', 'remove', 'paul'])
    expect([removed.status, removed.stdout]).toEqual([0, 'The account paul is removed.\n'])
    expect([await look(token), await look(marie.token)]).toEqual([401, 200])
    expect((await service.stop()).status).toBe(0)
  })

  it.each([
    ['a role that there is not', ['add', 'zoe', '--role', 'king'], 'no such role: king; there are '],
    ['CGU-46: the role of the program', ['add', 'zoe', '--role', 'program'], 'no such role: program; '],
    ['no role', ['add', 'zoe'], 'no such role: (none given); there are '],
    [
      'CGU-06: roles that exclude each other',
      ['add', 'zoe', '--role', 'auditor', '--role', 'raOfficer'],
      'one person may not be auditor and raOfficer: ',
    ],
    [
      'CGU-06: a role that another account of the person excludes',
      ['add', 'zoe', '--role', 'recoveryOfficer', '--person', person],
      'one person may not be recoveryOfficer and raOfficer: ',
    ],
    ['a name that leaves its place', ['add', '../zoe', '--role', 'auditor'], 'an account name has 1 to 64'],
    ['a name that is taken', ['add', 'marie', '--role', 'auditor'], 'the account marie exists already'],
    [
      'a person who is none',
      ['add', 'zoe', '--role', 'holder', '--person', person.toUpperCase()],
      'a person number is a UUID in lower case',
    ],
    ['an account that there is not', ['remove', 'zoe'], 'there is no account zoe'],
    [
      'a certificate that is not there',
      ['bind', 'marie', '--certificate', '/nowhere.pem'],
      '--certificate: cannot be read: /nowhere.pem',
    ],
    [
      'an issuer that is no URL',
      ['link', 'marie', 'proconnect', 'sub'],
      'the issuer is no http or https URL',
    ],
  ])('%s: status 2, said, and nothing changes', async (_, args, message) => {
    const before = accountsFile()
    const { status, stdout, stderr } = await site.run(['accounts', ...args])
    expect([status, stdout, stderr.slice(0, message.length)]).toEqual([2, '', message])
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(accountsFile()).toBe(before)
  })
})

describe('what an account signs in by', () => {
  const issuer = 'https://fca.integ01.example/api/v2'
  const key = (namedCurve: string): string => {
    const file = join(site.dataDir, `${namedCurve}.pem`)
    const { publicKey } = generateKeyPairSync('ec', { namedCurve })
    writeFileSync(file, publicKey.export({ type: 'spki', format: 'pem' }))
    return file
  }

  it('CGU-24: each means is given and taken away by a command; the file has digests alone', async () => {
    const alone = await site.json<Account>(['accounts', 'add', 'luc', '--role', 'auditor', '--no-token'])
    expect(alone).not.toHaveProperty('token')
    const robot = await site.json<Account & { secret: string }>([
      'accounts',
      'client',
      'robot',
      '--role',
      'auditor',
    ])
    expect(Buffer.from(robot.secret, 'base64url')).toHaveLength(32)
    await site.json(['accounts', 'client', 'station', '--role', 'auditor', '--key', key('P-256')])
    expect(await site.json(['accounts', 'link', 'luc', issuer, 'f2c8-luc'])).toEqual({
      account: 'luc',
      linked: issuer,
    })
    const text = accountsFile()
    for (const secret of [robot.secret, issuer, 'f2c8-luc']) expect(text).not.toContain(secret)
    const means = async () =>
      (await site.json<(Account & { signsInBy: string[] })[]>(['accounts', 'list'])).map(
        ({ id, signsInBy }) => [id, ...signsInBy],
      )
    expect(await means()).toEqual([
      ['marie', 'token'],
      ['luc', 'sso'],
      ['robot', 'client'],
      ['station', 'client'],
    ])
    await site.json(['accounts', 'unlink', 'luc', issuer, 'f2c8-luc'])
    for (const name of ['luc', 'robot', 'station']) removeAccount(join(site.dataDir, 'accounts.json'), name)
    expect(await means()).toEqual([['marie', 'token']])
  })

  it('an identity is one account’s alone, and a key is on a curve that assertions are verified with', () => {
    const file = join(site.dataDir, 'other.json')
    const now = new Date('2026-03-02T09:00:00Z')
    for (const id of ['one', 'two']) addLine(file, { id, roles: ['auditor'] }, {}, now)
    linkIdentity(file, 'one', { issuer, subject: 'sub' })
    const before = readFileSync(file, 'utf8')
    const client = (name: string) => () =>
      addClient(file, { id: 'three', roles: ['auditor'] }, { key: name, withSecret: true }, now)
    const secret = join(site.dataDir, 'secret.pem')
    writeFileSync(
      secret,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
    )
    for (const [act, message] of [
      [() => linkIdentity(file, 'two', { issuer, subject: 'sub' }), 'the identity is one’s already'],
      [() => linkIdentity(file, 'one', { issuer, subject: 'sub' }), 'the identity is one’s already'],
      [
        () => linkIdentity(file, 'two', { issuer: `${issuer}?x`, subject: 'sub' }),
        'the issuer is no http or https URL',
      ],
      [() => linkIdentity(file, 'two', { issuer, subject: 'é' }), 'the subject is not 1 to 255 characters'],
      [() => unlinkIdentity(file, 'two', { issuer, subject: 'sub' }), 'the identity is not two’s'],
      [client(key('P-521')), 'holds no public key in PEM on P-256 or P-384'],
      [client(secret), 'holds no public key in PEM on P-256 or P-384'],
      [client(file), 'holds no public key in PEM on P-256 or P-384'],
    ] as const)
      expect(act).toThrow(message)
    expect(readFileSync(file, 'utf8')).toBe(before)
  })
})

describe('at once', () => {
  it('CGU-24: every account that was added is there, beside a lock that a killed command left', async () => {
    const own = openSite()
    onTestFinished(() => own.close())
    await own.run(['accounts', 'add', 'first', '--role', 'auditor'])
    const lock = join(own.dataDir, 'accounts.json.lock')
    writeFileSync(lock, '')
    utimesSync(lock, 0, 0)
    const names = Array.from({ length: 6 }, (_, n) => `officer-${n}`)
    const commands = [
      ...names.map((name) => ['accounts', 'add', name, '--role', 'auditor']),
      ['accounts', 'remove', 'first'],
    ]
    const ended = await Promise.all(commands.map((args) => own.run(args)))
    expect(ended.map(({ status }) => status)).toEqual(commands.map(() => 0))
    const listed = await own.json<Account[]>(['accounts', 'list'])
    expect(listed.map(({ id }) => id).toSorted()).toEqual(names)
    expect(existsSync(lock)).toBe(false)
  })
})

describe('a file that cannot be written, or read', () => {
  it('CGU-24: a disk that is full: the account is not added, and nobody loses his: status 3', async () => {
    const own = openSite()
    onTestFinished(() => own.close())
    const file = join(own.dataDir, 'accounts.json')
    for (const name of ['first', 'second']) await own.run(['accounts', 'add', name, '--role', 'auditor'])
    const before = readFileSync(file, 'utf8')
    // As a disk with room for a part of it: the first write is cut short, the second one fails.
    const { status, stdout, stderr } = await own.within(512, [
      'accounts',
      'add',
      'third',
      '--role',
      'auditor',
    ])
    expect([status, stdout, stderr.split(':')[0]]).toEqual([3, '', 'EFBIG'])
    expect(readFileSync(file, 'utf8')).toBe(before)
    expect(readdirSync(own.dataDir)).toEqual(['accounts.json'])
  })

  it('CGU-24: one that is damaged is said to be, and is left as it is: status 2', async () => {
    const own = openSite()
    onTestFinished(() => own.close())
    await own.run(['accounts', 'add', 'first', '--role', 'auditor'])
    const file = join(own.dataDir, 'accounts.json')
    for (const text of ['', '[{"id": "fir', '{}']) {
      writeFileSync(file, text)
      const { status, stderr } = await own.run(['accounts', 'add', 'second', '--role', 'auditor'])
      expect([status, stderr]).toEqual([2, `${file} is damaged; restore it from a backup\n`])
      expect(readFileSync(file, 'utf8')).toBe(text)
    }
  })
})
