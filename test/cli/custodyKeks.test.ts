// `grand-livre custody keks|rewrap|destroy-kek` by two officers whom the ledger has appointed, with the keys on tokens; and the rehearsal of
// docs/backup.md: files and tokens by a copy, the schema of the vault through pg_dump and pg_restore, after which a start destroys again,
// on the token as well, before it serves anything.
import { execFile } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { addAccount } from '../../cli/accountsFile.ts'
import { readConfig } from '../../cli/config.ts'
import { instantsOf, ledgerOver, openCustody, openStore, systemClock, type Custody } from '../../cli/parts.ts'
import { createActors, program } from '../../commands/actors.ts'
import { destroyUnits } from '../../commands/destroyUnits.ts'
import { recordKek } from '../../commands/escrowKeks.ts'
import { createHandle } from '../../commands/handle.ts'
import { bindPublicKey, escrowKey } from '../../commands/keys.ts'
import { perform, type Service } from '../../commands/program.ts'
import { appointment } from '../../domain/appointment.ts'
import { destruction } from '../../domain/destruction.ts'
import { escrowUntil } from '../../domain/policy/validity.ts'
import * as f from '../commands/facts.ts'
import { openDevice, type Device } from '../hsm/deviceStrike.ts'
import { inModule } from '../hsm/faults.ts'
import { environmentOf, openTokens, settingsOf, type Tokens } from '../hsm/tokens.ts'
import { uuid } from '../ledger/filled.ts'
import { on } from '../support/given.ts'
import { holderKeys } from '../support/holderKeys.ts'
import { findPostgresClient } from '../support/services/programs.ts'
import { openSite, type Env, type Site } from './grandLivre.ts'

const [ended, running] = [1, 2].map((n) => `4${String(n).padStart(31, '0')}`) as [string, string]
const person = { paul: uuid(71), pia: uuid(72), noe: uuid(73) }

/** For each test, in milliseconds: every command is a process, and waits for the tokens’. */
const patience = 240_000

let site: Site
let tokens: Tokens
let device: Device
/** The database, and the tokens. */
let database: Env
let old = ''

type Opened = Readonly<{ service: Service; custody: Custody }>

/** What the commands open, beside them: never while one runs. */
const within = async <T>(act: (opened: Opened) => Promise<T>): Promise<T> => {
  const settings = { DATA_DIR: site.dataDir, POLICY_FILE: site.file('policy.json'), ...database }
  const config = readConfig(settings)
  // What is made here first has a master key that costs its commands nothing to open.
  const custody = await openCustody(config, { holderKeys: holderKeys(), cost: 2 })
  const store = await openStore(config)
  try {
    const ledger = ledgerOver(store, config, custody.vault.dataKeys)
    const now = instantsOf(systemClock)
    const handle = createHandle({ ledger, policy: config.policy.version, release: 'test' })
    const { journals } = custody.vault
    const actors = createActors({ handle, journals, now, newId: randomUUID })
    const actor = () => actors(program, 'program')
    return await act({ custody, service: { handle, ledger, policy: config.policy, now, randomBytes, actor } })
  } finally {
    await store.close()
    await custody.close()
  }
}

const escrowOne = async ({ service, custody }: Opened, serial: string, from: string): Promise<void> => {
  const { escrow } = custody.vault
  const { spkiSha256: spki } = await escrow.reserve(serial)
  const bound = { serial, custody: 'escrow', request: uuid(2), session: 1, algorithm: 'rsa3072' } as const
  await perform(service, bindPublicKey, { key: serial, data: { spki, ...bound } })
  const until = escrowUntil(from, service.policy.escrow.years)
  const record = await escrow.keep({ serial, person: uuid(1), from, until })
  const names = { holderName: 'Zoë Durand', entity: uuid(3) }
  const data = { ...record, spki, serial, person: uuid(1), request: uuid(2), ...names }
  await perform(service, escrowKey(service.policy), { key: serial, data })
}

/** A post of the security officer, accepted; `more` ends it. */
const post = (who: string, ...more: readonly (typeof f.ended)[]) =>
  on(
    appointment,
    who,
    f.proposed({
      ...{ role: 'securityOfficer', entity: undefined, powers: [], mandateSignedOn: undefined },
      ...{ person: who, fromOn: '2020-01-01', untilOn: '2099-12-31' },
    }),
    f.checked,
    f.undertaken,
    ...more,
  )

const run = promisify(execFile)
const onServer = async <T>(act: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: database['DATABASE_URL'] })
  await client.connect()
  try {
    return await act(client)
  } finally {
    await client.end()
  }
}
const rowsOf = (serial: string): Promise<number> =>
  onServer(async (client) => {
    const found = await client.query('select 1 from vault.escrowed_key where serial = $1', [serial])
    return found.rowCount ?? 0
  })
const copied = (from: string, to: string, but = 'lock.'): Promise<void> =>
  cp(from, to, { recursive: true, filter: (file) => !file.includes('lock.') && !file.includes(but) })

type Kek = Readonly<{ kek: string; keys: number; state: string }>
const keks = () => site.json<readonly Kek[]>(['custody', 'keks'], database)
const officers = (second: string, out: string): readonly string[] => [
  ...['--officer', site.file('paul.token'), '--second', site.file(`${second}.token`)],
  ...['--present', 'salle 2', '--out', site.file(out)],
]
const destroy = (kek: string, second: string, out = 'attestations', more: readonly string[] = []) =>
  site.run(['custody', 'destroy-kek', kek, ...officers(second, out), ...more], database)

/** By what it is found, who has it, and its seal. */
const clone = { reference: 'clone 2 du jeton', holder: 'A. Martin', seal: 'S-0042' }
const copyOf = (kek: string) =>
  site.run(
    [
      ...['custody', 'copy', kek, ...officers('pia', 'attestations'), '--json'],
      ...Object.entries(clone).flatMap(([name, value]) => [`--${name}`, value]),
    ],
    database,
  )
type Exported = Readonly<{ type: string; stream: string; body: { pub: Record<string, unknown> } }>
const exported = async (): Promise<readonly Exported[]> => {
  const { stdout } = await site.run(['ledger', 'export'], database)
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Exported)
}

beforeAll(async () => {
  site = openSite()
  tokens = await openTokens()
  device = openDevice(tokens.directory)
  database = { ...(await site.onServer()), ...environmentOf(tokens) }
  await mkdir(site.dataDir, { recursive: true })
  // Pia's account gives her nothing of it: her appointment does. Noé's does, and his has ended.
  for (const [id, role] of [
    ['paul', 'caOfficer'],
    ['pia', 'auditor'],
    ['noe', 'securityOfficer'],
  ] as const) {
    const account = { id, person: person[id], roles: [role] }
    const { token } = addAccount(join(site.dataDir, 'accounts.json'), account, new Date())
    await writeFile(site.file(`${id}.token`), token)
  }
  await within(async (opened) => {
    const { service, custody } = opened
    await escrowOne(opened, ended, '2010-03-02T09:00:00Z')
    await escrowOne(opened, running, service.now())
    await custody.vault.escrow.fillStock(1)
    old = await recordKek(service, await custody.vault.escrow.currentKek())
    await post(person.pia)(service.handle, uuid(91))
    await post(person.noe, f.ended)(service.handle, uuid(92))
  })
})
afterAll(async () => {
  await site.close()
  await tokens.remove()
})

type Count = Readonly<{ privateKeys: number; publicKeys: number; secretKeys: number }>
/** Keys of this id on the token of the escrow, as the module itself counts them. */
const onToken = async (id: string): Promise<number> =>
  (await inModule<Count>(settingsOf(tokens).escrow, { act: 'count', id })).secretKeys

const dumpTo = async (dump: string): Promise<void> => {
  const url = database['DATABASE_URL']!
  await run(findPostgresClient('pg_dump')!, ['--schema=vault', '--format=custom', `--file=${dump}`, url])
}
const restoreFrom = async (dump: string): Promise<void> => {
  await onServer((client) => client.query('drop schema vault cascade'))
  const url = database['DATABASE_URL']!
  await run(findPostgresClient('pg_restore')!, ['--no-owner', `--dbname=${url}`, dump])
}
/** docs/backup.md, “Taking one”, in its order, the service stopped. */
const takeBackup = async (): Promise<void> => {
  await copied(site.dataDir, site.file('backup/data'), 'readmodels')
  await dumpTo(site.file('backup/vault.dump'))
  await copied(tokens.files, site.file('backup/tokens'))
}
/** “Giving one back”: keys and tokens, vault, schema; the ledger is the one that is there. */
const giveBackupBack = async (): Promise<void> => {
  for (const part of ['keys', 'vault']) {
    await rm(join(site.dataDir, part), { recursive: true })
    await copied(site.file(`backup/data/${part}`), join(site.dataDir, part))
  }
  await rm(tokens.files, { recursive: true })
  await copied(site.file('backup/tokens'), tokens.files)
  await restoreFrom(site.file('backup/vault.dump'))
}

it(
  'CGU-41: every key of the KEK moves under a new one, and the stock is counted there',
  async () => {
    expect(await keks()).toEqual([{ kek: old, keys: 3, state: 'current' }])
    await dumpTo(site.file('older.dump'))
    // As slow as a module behind a network: how far it has come is said meanwhile, beside the result.
    await device.strike({ call: 'C_UnwrapKey', how: 'slow' }, 6)
    const { status, stdout, stderr } = await site.run(['custody', 'rewrap', '--json'], {
      ...database,
      ...device.env,
    })
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^(Re-wrapping: \d keys, \d+%, \d+ a second, \w+ left\n)+$/),
    ])
    expect(JSON.parse(stdout)).toMatchObject({
      ...{ from: old, total: 3, moved: 3, recorded: 0, busy: [], refused: [] },
      stock: { left: 1, faults: [] },
    })
    const [first, second] = await keks()
    expect([first, second]).toMatchObject([
      { kek: old, keys: 0, state: 'retired' },
      { keys: 3, state: 'current' },
    ])
    const refused = await site.run(['custody', 'rewrap', '--from', randomUUID()], database)
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('no key lies under')])
    // “Take a new backup after `grand-livre custody rewrap`, before the old KEK is destroyed.”
    await takeBackup()
  },
  patience,
)

it(
  'CGU-06, CGU-90: a KEK goes by two officers whom the ledger has appointed, once nothing lies under it and every copy of it is gone',
  async () => {
    const second = (await keks()).at(-1)!.kek
    const cases = [
      [old, 'noe', /--second: noe is neither of caOfficer, securityOfficer \(CGU-06\)/],
      [second, 'pia', /is the KEK that new keys are put under/],
    ] as const
    for (const [kek, by, sentence] of cases) {
      const { status, stderr } = await destroy(kek, by)
      expect([status, stderr]).toEqual([2, expect.stringMatching(sentence)])
    }
    const nowhere = await destroy(old, 'pia', 'paul.token')
    expect([nowhere.status, nowhere.stderr]).toEqual([
      2,
      expect.stringMatching(/^--out: no file can be written/),
    ])
    const stranger = await copyOf(randomUUID())
    expect([stranger.status, stranger.stderr]).toEqual([2, expect.stringMatching(/is no KEK of the escrow/)])
    const recorded = await copyOf(old)
    expect([recorded.status, recorded.stderr]).toEqual([0, ''])
    const { copy } = JSON.parse(recorded.stdout) as { copy: string }
    // The same one, told once more.
    expect(JSON.parse((await copyOf(old)).stdout)).toEqual({ copy, ...clone })
    const list = site.file('copies.json')
    const withCopies = async (...copies: readonly object[]) => {
      await writeFile(list, JSON.stringify(copies))
      return destroy(old, 'pia', 'attestations', ['--copies', list])
    }
    const listed = { copy, ...clone }
    for (const [by, sentence] of [
      [() => destroy(old, 'pia'), /COPIES_DIFFER \(CGU-90\): \S+ is missing/],
      [() => withCopies(listed, { ...listed, copy: uuid(75) }), /COPIES_DIFFER \(CGU-90\): \S+ is unknown/],
      [() => withCopies(listed, listed), /COPIES_DIFFER \(CGU-90\): one is listed twice/],
    ] as const) {
      const { status, stderr } = await by()
      expect([status, stderr]).toEqual([1, expect.stringMatching(sentence)])
    }
    // Ordered; it goes once that one has gone.
    const ordered = await withCopies(listed)
    expect([ordered.status, ordered.stderr, ordered.stdout]).toEqual([1, '', expect.stringContaining(copy)])
    expect(await onToken(old)).toBe(1)
    const destroyed = { at: `${new Date().toISOString().slice(0, 19)}Z`, how: 'support broyé' }
    const done = await withCopies({ ...listed, destroyed })
    expect([done.status, done.stderr]).toEqual([0, ''])
    expect(await onToken(old)).toBe(0)
    const attestation = await readFile(site.file(`attestations/kek-destruction-${old}.json`))
    expect(JSON.parse(attestation.toString('utf8'))).toMatchObject({ copies: [{ ...listed, destroyed }] })
    const events = (await exported()).filter(({ stream }) => stream === `servicekey-${old}`)
    expect(events.map(({ type }) => type)).toEqual([
      ...['ServiceKeyPlanned', 'ServiceKeyGenerated', 'ServiceKeyCopied'],
      ...['ServiceKeyDestructionPlanned', 'ServiceKeyDestroyed'],
    ])
    expect(events.at(-1)!.body.pub).toMatchObject({
      ...{ method: 'kekDestroyed', copies: [copy] },
      minutesSha256: createHash('sha256').update(attestation).digest('hex'),
    })
    expect((await keks())[0]).toEqual({ kek: old, keys: 0, state: 'destroyed' })
    // Given again, as after an answer that was lost: what both are to sign is what the ledger names.
    const again = await destroy(old, 'pia')
    expect([again.status, again.stderr]).toEqual([0, ''])
    const file = site.file(`attestations/kek-destruction-${old}.json`)
    expect(await readFile(file)).toEqual(attestation)
    await rename(file, `${file}.away`)
    const lost = await destroy(old, 'pia')
    expect([lost.status, lost.stderr]).toEqual([
      2,
      expect.stringMatching(/attestation that the ledger names/),
    ])
    await rename(`${file}.away`, file)
  },
  patience,
)

it(
  'CGU-116: vault by pg_dump and pg_restore, keys and tokens by a copy: what was destroyed since, on the token too, is gone before anything is served',
  async () => {
    await within(async ({ service, custody: { vault } }) => {
      const run = uuid(93)
      const [units, approver] = [[`escrow/${ended}`], uuid(61)]
      await on(
        destruction,
        run,
        {
          type: 'DestructionProposed',
          data: { class: 'escrow', cause: 'termEnded', units, latestDue: service.now(), proposer: uuid(60) },
        },
        {
          type: 'EliminationVisaRecorded',
          data: { visaSha256: f.digest, grantedOn: '2021-03-03', reference: 'bordereau 12' },
        },
        { type: 'DestructionApproved', data: { nth: 1, listSha256: f.digest, approver } },
        { type: 'DestructionApproved', data: { nth: 2, listSha256: f.digest, approver: uuid(62) } },
      )(service.handle, uuid(94))
      const { escrow, dataKeys } = vault
      const keep = async (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
      expect(
        await destroyUnits(
          { service: f.unsigned(service), escrow, dataKeys, keep, heldAmong: async () => [] },
          run,
        ),
      ).toBe(true)
    })
    expect([await rowsOf(ended), await rowsOf(running)]).toEqual([0, 1])

    await giveBackupBack()
    expect([await rowsOf(ended), await rowsOf(running)]).toEqual([1, 1])
    expect(await onToken(old)).toBe(1)

    // Stopped as soon as it says what comes after: before a read model, a job or a request.
    await site.killAt('root key', database)
    expect([await rowsOf(ended), await rowsOf(running)]).toEqual([0, 1])
    expect(await onToken(old)).toBe(0)
    const service = await site.start(database)
    const ready = await fetch(`${service.url}/readyz`)
    expect(ready.status).toBe(200)
    await service.stop()
    await within(async ({ custody: { keys, vault } }) => {
      expect(await vault.dataKeys.isDestroyed(`escrow_${ended}`)).toBe(true)
      await expect(keys.escrowKekById(old)).rejects.toMatchObject({ code: 'kekMissing' })
      ;(await vault.escrow.release(running)).fill(0)
    })
  },
  patience,
)

it(
  'CGU-116: a vault from before its keys were moved away from a KEK that is destroyed: no start, and what to do about it',
  async () => {
    await restoreFrom(site.file('older.dump'))
    const { status, stderr } = await site.run(['start'], database)
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(
        /2 keys lie under the KEK .*, and the ledger says that it was: .*Give back a later one \(docs\/backup\.md\)/,
      ),
    ])
  },
  patience,
)
