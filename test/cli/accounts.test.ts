import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
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
    expect(JSON.parse(listed.stdout)).toEqual([shown(marie)])
    const { status, stdout } = await site.run(['accounts', 'list'])
    expect(status).toBe(0)
    expect(stdout.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
      ['ACCOUNT', 'ROLES', 'PERSON', 'ENTITIES'],
      ['marie', 'raOfficer,supportAgent', person, 'dgddi,insee'],
      [''],
    ])
  })

  it('CGU-24: the running service takes a token from the moment it is added until it is removed', async () => {
    const service = await site.start(await site.onServer())
    const look = async (token: string): Promise<number> => {
      const headers = { authorization: `Bearer ${token}` }
      return (await fetch(`${service.url}/api/v1/certificates?limit=1`, { headers })).status
    }
    const added = await site.run(['accounts', 'add', 'paul', '--role', 'auditor'])
    const token = /^token +(\S+) +\(shown once/m.exec(added.stdout)?.[1] ?? ''
    const wrong = Buffer.alloc(32).toString('base64url')
    expect([await look(token), await look(marie.token), await look(wrong)]).toEqual([200, 200, 401])

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
  ])('%s: status 2, said, and nothing changes', async (_, args, message) => {
    const before = accountsFile()
    const { status, stdout, stderr } = await site.run(['accounts', ...args])
    expect([status, stdout, stderr.slice(0, message.length)]).toEqual([2, '', message])
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(accountsFile()).toBe(before)
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
