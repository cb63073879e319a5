// `grand-livre config check`: every fault at once, no secret shown, typing errors noticed, what is named asked for an answer.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configCheck } from '../../cli/configCheck.ts'
import { ConfigFault } from '../../cli/configFault.ts'
import { examine } from '../../cli/configFaults.ts'
import { openLedgerAt } from '../../cli/ledgerUrl.ts'
import { settings, strangers } from '../../cli/settings.ts'

type Result = Readonly<{
  settings: readonly Readonly<{ name: string; value: string; from: string }>[]
  faults: readonly Readonly<{ setting: string; message: string }>[]
  warnings: readonly Readonly<{ setting: string; message: string }>[]
  connections: readonly Readonly<{ part: string; answers: boolean; words: string }>[]
}>

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'grand-livre-config-'))
})
afterAll(() => rmSync(directory, { recursive: true }))

const fileWith = (name: string, text: string, mode = 0o600): string => {
  const file = join(directory, name)
  writeFileSync(file, text)
  chmodSync(file, mode)
  return file
}

type Checked = Readonly<{ result: Result; shown: string; fault: string | undefined }>

/** Runs the check. @returns what it shows, as a document and in words, and the name of the fault that sets its exit status */
const check = async (env: Readonly<Record<string, string>>, connect = false): Promise<Checked> => {
  let result: unknown
  let shown = ''
  const output = {
    ...{ json: false, say: () => undefined },
    result: (value: unknown, words: () => string) => {
      result = value
      shown = `${words()}\n${JSON.stringify(value)}`
    },
  }
  const run = configCheck({ DATA_DIR: join(directory, 'data'), ...env }, output, { connect })
  const fault = await run.then(
    () => undefined,
    (error: unknown) => (error as Error).name,
  )
  return { result: result as Result, shown, fault }
}

const namesOf = (findings: Result['faults']): readonly string[] => findings.map(({ setting }) => setting)

describe('the settings in force', () => {
  it('are shown with where each comes from, secrets masked: status 0', async () => {
    const pin = fileWith('ca.pin', '73919283')
    const module = fileWith('module.so', '')
    const headers = fileWith('headers', 'api-key=Tr0ubadour\n')
    const { result, shown, fault } = await check({
      ...{ PORT: '9090', GRAND_LIVRE_PASSPHRASE: 'a passphrase of ours' },
      ...{ PKCS11_MODULE: module, PKCS11_CA_TOKEN: 'authorities', PKCS11_CA_PIN_FILE: pin },
      ...{ PKCS11_ESCROW_TOKEN: 'escrow', PKCS11_ESCROW_PIN: '91827364' },
      DATABASE_URL: 'postgres://igc:Tr0ubadour@db.example:5432/igc?sslpassword=Tr0ubadour',
      LEDGER_URL: 'esdb://admin:Tr0ubadour@store.example:2113?tls=true',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=Tr0ubadour',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE: headers,
      ...{ OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'api-key=Tr0ubadour', OTEL_BSP_SCHEDULE_DELAY: '100' },
    })
    expect([fault, result.faults]).toEqual([undefined, []])
    const of = (name: string) => result.settings.find((one) => one.name === name)
    expect([of('PORT'), of('HOST'), of('PKCS11_CA_PIN'), of('DRAIN_SECONDS')]).toEqual([
      { name: 'PORT', value: '9090', from: 'environment' },
      { name: 'HOST', value: '127.0.0.1', from: 'default' },
      { name: 'PKCS11_CA_PIN', value: '•••', from: pin },
      { name: 'DRAIN_SECONDS', value: '0', from: 'default' },
    ])
    expect(result.settings.filter(({ name }) => name.startsWith('OTEL_'))).toEqual([
      { name: 'OTEL_EXPORTER_OTLP_HEADERS', value: '•••', from: 'environment' },
      { name: 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', value: '•••', from: headers },
      { name: 'OTEL_BSP_SCHEDULE_DELAY', value: '100', from: 'environment' },
      { name: 'OTEL_EXPORTER_OTLP_METRICS_HEADERS', value: '•••', from: 'environment' },
    ])
    expect(result.warnings).toEqual([])
    expect(of('DATABASE_URL')?.value).toBe('postgres://•••@db.example:5432/igc?•••')
    for (const secret of ['Tr0ubadour', '73919283', '91827364', 'a passphrase of ours'])
      expect([secret, shown.includes(secret)]).toEqual([secret, false])
  })

  it.each([
    ['LEDGER_URL', 'esdb://admin:Tr0/0ubad?0ur@127.0.0.1:1', 'esdb://•••@127.0.0.1:1', true],
    ['LEDGER_URL', 'esdb://admin:Tr0@0ubad0ur@127.0.0.1:1', 'esdb://•••@127.0.0.1:1', false],
    [
      'LEDGER_URL',
      'esdb://admin:Tr00ubad0ur@a.example:1,b.example:2113/?tls=true&tls_ca_file=/ca&nodePreference=leader',
      'esdb://•••@a.example:1,b.example:2113/?•••',
      true,
    ],
    // What the client of EventStoreDB cannot read: an address of IPv6, and options that it does not know or does not keep to.
    ['LEDGER_URL', 'esdb://admin:Tr00ubad0ur@[::1]:2113', 'esdb://•••@[::1]:2113', false],
    ['LEDGER_URL', 'esdb://admin:Tr00ubad0ur%@a.example', 'esdb://•••@a.example', false],
    ...['tlsVerify=false', 'tlsVerifyCert=false', 'tls=maybe', 'tls', 'tls=', 'keepAliveInterval=ten'].map(
      (option) =>
        [
          ...['LEDGER_URL', `esdb://admin:Tr00ubad0ur@a.example?${option}`],
          ...['esdb://•••@a.example?•••', false],
        ] as const,
    ),
    ['LEDGER_URL', 'esdb://admin:Tr00ubad0ur@a.example:1,', 'esdb://•••@a.example:1,', false],
    // What it reads as something else: a password that ends with its `:`, a name of a host that has a `/` at its end.
    ['LEDGER_URL', 'esdb://admin:Tr0:0ubad:0ur@a.example', 'esdb://•••@a.example', false],
    ['LEDGER_URL', 'esdb://admin:Tr00ubad0ur@a.example/?tls=true', 'esdb://•••@a.example/?•••', false],
    ['LEDGER_URL', 'esdb://admin:Tr0%250ubad%3A0ur@a.example/', 'esdb://•••@a.example/', true],
    [
      'LEDGER_URL',
      'esdb+discover://admin:Tr00ubad0ur@a.example?keepAliveInterval=-1',
      'esdb+discover://•••@a.example?•••',
      true,
    ],
    [
      'DATABASE_URL',
      'postgres://igc:Tr0@0ubad0ur@127.0.0.1:1/igc?a=b',
      'postgres://•••@127.0.0.1:1/igc?•••',
      true,
    ],
    ['DATABASE_URL', 'postgres://igc:Tr00ubad0ur@/igc?host=/run/postgresql', 'postgres://•••@/igc?•••', true],
    ['DATABASE_URL', 'postgres://igc:Tr0/0ubad@0ur@127.0.0.1:1/igc', 'postgres://•••@127.0.0.1:1/igc', false],
    ['DATABASE_URL', 'postgres://igc:Tr0%0ubad%0ur@[::1]:1/igc', 'postgres://•••@[::1]:1/igc', true],
    [
      'DATABASE_URL',
      'postgres://igc:Tr0%9F0ubad0ur@127.0.0.1:1/igc',
      'postgres://•••@127.0.0.1:1/igc',
      false,
    ],
    ['REDIS_URL', 'redis://:Tr0?0ubad#0ur@127.0.0.1:1', 'redis://•••@127.0.0.1:1', false],
    ['REDIS_URL', 'redis://:Tr0%0ubad0ur@127.0.0.1:1', 'redis://•••@127.0.0.1:1', false],
    ['REDIS_URL', 'rediss://igc:Tr0%250ubad0ur@[::1]:1/2', 'rediss://•••@[::1]:1/2', true],
    ['REDIS_URL', 'redis://:Tr00ubad0ur@127.0.0.1:1/igc', 'redis://•••@127.0.0.1:1/igc', false],
    ['REDIS_URL', 'redis:///run/redis.sock', 'redis:///run/redis.sock', false],
    ['SMTP_URL', 'smtp://igc:Tr0/0ubad@0ur@127.0.0.1:1', 'smtp://•••@127.0.0.1:1', false],
  ] as const)(
    'a password is masked to its end, whatever signs it has; one that cannot be read as it stands is at fault: %s=%s',
    async (name, url, value, fits) => {
      const { result, shown } = await check({ [name]: url })
      expect(result.settings.find((one) => one.name === name)?.value).toBe(value)
      expect(namesOf(result.faults)).toEqual(fits ? [] : [name])
      for (const part of ['Tr0', '0ubad', '0ur']) expect([part, shown.includes(part)]).toEqual([part, false])
    },
  )

  it('a ledger’s address that names a file which is not there is at fault as well, and not repeated', async () => {
    const url = 'esdb://admin:Tr00ubad0ur@127.0.0.1:1?tls=true&tlsCAFile=/gone'
    const fault = await openLedgerAt(url).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(ConfigFault)
    expect(String(fault)).toMatch(/LEDGER_URL: .*certificate file/)
    expect(String(fault)).not.toContain('Tr00')
  })

  it('every one that is read anywhere is known, and is in the README', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    const sources = ['cli', 'hsm'].flatMap((folder) =>
      readdirSync(new URL(`../../${folder}/`, import.meta.url), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.endsWith('settings.ts'))
        .map((name) => readFileSync(new URL(`../../${folder}/${name}`, import.meta.url), 'utf8')),
    )
    const read = new Set(
      sources.flatMap((text) =>
        [
          ...text.matchAll(
            /(?:env\[|\b(?:read|secret|setting|pin)\(|secretOf\(env, |numberFrom\(read, )['`]([A-Z][A-Z0-9_]+)['`]/g,
          ),
        ].map(([, name = '']) =>
          name.replace(/_FILE$/, (end) => (/^(?:POLICY|CGU|TLS_)/.test(name) ? end : '')),
        ),
      ),
    )
    const known = settings.map(({ name }) => name)
    // GRAND_LIVRE_BUILT is of those who work on the sources (CONTRIBUTING.md).
    const foreign = /^(?:OTEL_|SOFTHSM2_CONF|PCSCLITE_|PATH|TMPDIR|NODE_|GRAND_LIVRE_BUILT)/
    expect([...read].filter((name) => !foreign.test(name) && !known.includes(name))).toEqual([])
    expect(known.filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
  })
})

describe('what is wrong', () => {
  it('is told all at once, each by its setting: status 2', async () => {
    const { result, fault } = await check({
      ...{
        PORT: 'x',
        ESCROW_STOCK: '-1',
        LOG_LEVEL: 'loud',
        TRUSTED_PROXIES: '10.0.0.0/99',
        CARD_DRIVER: 'paper',
      },
      ...{ METRICS_PORT: '70000', DRAIN_SECONDS: '1h', AUTH_TRUST: join(directory, 'none') },
      ...{ DATABASE_URL: 'mysql://root:Tr0ubadour@db', REDIS_URL_FILE: join(directory, 'none') },
      ...{ GRAND_LIVRE_PASSPHRASE: 'short', PKCS11_MODULE: join(directory, 'none.so') },
      ...{ PKCS11_CA_TOKEN: 'authorities', PKCS11_CA_PIN_FILE: join(directory, 'none') },
      ...{ PKCS11_ESCROW_TOKEN: 'authorities', PKCS11_SESSIONS: '0' },
      ...{ OTEL_EXPORTER_OTLP_HEADERS: 'Tr0ubadour', OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE: directory },
    })
    expect(fault).toBe('ConfigFault')
    expect(namesOf(result.faults).toSorted()).toEqual(
      [
        ...[
          'AUTH_TRUST',
          'CARD_DRIVER',
          'DATABASE_URL',
          'DRAIN_SECONDS',
          'ESCROW_STOCK',
          'GRAND_LIVRE_PASSPHRASE',
        ],
        ...['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS_FILE'],
        ...['LOG_LEVEL', 'METRICS_PORT', 'PKCS11_CA_PIN_FILE', 'PKCS11_ESCROW_PIN', 'PKCS11_ESCROW_TOKEN'],
        ...['PKCS11_MODULE', 'PKCS11_SESSIONS', 'PORT', 'REDIS_URL_FILE', 'TRUSTED_PROXIES'],
      ].toSorted(),
    )
    expect(JSON.stringify(result)).not.toContain('Tr0ubadour')
  })

  it('of the policy, of the data directory, and of production on test keys, too', () => {
    const policy = JSON.parse(
      readFileSync(
        new URL('../../domain/policy/ac-confidentialite-mef-qualifiee.json', import.meta.url),
        'utf8',
      ),
    ) as { escrow: object }
    const escrow = { ...policy.escrow, approvalAnchors: ['a'.repeat(64)] }
    const inForce = JSON.stringify({ ...policy, escrow, environment: 'production' })
    const production = fileWith('production.json', inForce)
    const inProduction = examine({ POLICY_FILE: production, PORT: 'x', DATA_DIR: directory })
    expect(namesOf(inProduction.faults)).toEqual(['PORT', 'POLICY_FILE'])
    expect(inProduction.faults[1]?.message).toMatch(/^environment: production refuses software keys/)
    const broken = examine({ POLICY_FILE: fileWith('broken.json', '{}'), PORT: 'x', DATA_DIR: production })
    expect(namesOf(broken.faults)).toEqual(['POLICY_FILE', 'PORT', 'DATA_DIR'])
  })

  it('what is odd is said, and stops nothing: status 0', async () => {
    const open = fileWith('open', 'redis://127.0.0.1:6379', 0o644)
    const { result, fault } = await check({
      ...{ REDIS_URL_FILE: open, DATABSE_URL: 'postgres://…', PKCS11_MODUL: 'x', CARD_COLOUR: 'blue' },
      ...{ LEDGER_URL: 'esdb://store.example:2113', LEDGER_URL_FILE: open, HOME: '/root', TERM: 'xterm' },
      ...{ METRICS_PORT: '9464', METRICS_HOST: '0.0.0.0', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
      // A certificate is for everybody, its key is not; and another program's files are no concern of ours.
      ...{ TLS_CERT_FILE: open, TLS_KEY_FILE: open, BACKUP_KEY_FILE: open },
    })
    expect(fault).toBeUndefined()
    expect(result.warnings.map(({ message }) => message.replaceAll(directory, '…'))).toEqual([
      'CARD_COLOUR: is no setting of Grand-Livre',
      'DATABSE_URL: is no setting of Grand-Livre; is DATABASE_URL meant?',
      'PKCS11_MODUL: is no setting of Grand-Livre; is PKCS11_MODULE meant?',
      'REDIS_URL_FILE: others can read …/open; chmod 600 where nothing else keeps them out',
      'LEDGER_URL_FILE: is not looked at, as LEDGER_URL is set too',
      'TLS_KEY_FILE: others can read …/open; chmod 600 where nothing else keeps them out',
      'METRICS_HOST: whoever reaches 0.0.0.0 reads the metrics: they have no sign-in',
      'OTEL_EXPORTER_OTLP_PROTOCOL: spans are sent by HTTP, in JSON, all the same',
    ])
    expect(
      strangers({ PATH: '', HOSTNAME: '', PWD: '', USER: '', SSL_CERT_FILE: '', LOG_LEVLE: '', DATADIR: '' }),
    ).toEqual([
      { name: 'DATADIR', meant: 'DATA_DIR' },
      { name: 'LOG_LEVLE', meant: 'LOG_LEVEL' },
    ])
  })
})

describe('--connect', () => {
  it('asks each part; who gives no answer is named: status 3', async () => {
    const { result, fault, shown } = await check(
      {
        REDIS_URL: 'redis://:Tr0ubadour@127.0.0.1:1',
        DATABASE_URL: 'postgres://igc:Tr0ubadour@127.0.0.1:1/igc',
      },
      true,
    )
    expect(fault).toBe('NothingThere')
    expect(result.connections.map(({ part, answers }) => [part, answers])).toEqual([
      ...[
        ['ledger', true],
        ['database', false],
        ['queue', false],
        ['keys', true],
        ['cards', true],
        ['mail', true],
      ],
    ])
    expect(shown).not.toContain('Tr0ubadour')
  })

  it.skipIf(process.env['TEST_REDIS_URL'] === undefined)(
    'PostgreSQL and Redis that are there answer: status 0 (needs the servers)',
    async () => {
      const [redis, database] = [process.env['TEST_REDIS_URL'] ?? '', process.env['TEST_POSTGRES_URL'] ?? '']
      const { result, fault } = await check({ REDIS_URL: redis, DATABASE_URL: database }, true)
      expect(fault).toBeUndefined()
      expect(result.connections.filter(({ answers }) => !answers)).toEqual([])
      expect(result.connections[1]?.words).toMatch(/^answers; its clock is -?0\.\d s from ours$/)
    },
  )
})
