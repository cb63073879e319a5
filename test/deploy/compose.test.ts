// docker-compose.yml, as `docker-compose config` reads it, against the code: commands, settings, secrets, health checks.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { spawn, spawnSync } from 'node:child_process'
import { Command } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { createProbesApp } from '../../api/probesApp.ts'
import { addressesIn } from '../../api/signIn/peerCertificate.ts'
import { listRoles } from '../../cli/listRoles.ts'
import { listSigner } from '../../cli/listSigner.ts'
import type { ListTools } from '../../cli/listTools.ts'
import { readConfig } from '../../cli/config.ts'
import { requireShared, roles } from '../../cli/roles/role.ts'
import { findPassphrase } from '../../hsm/passphrase.ts'
import { findProgram } from '../support/services/programs.ts'
import { freePort } from '../support/services/service.ts'
import { until } from '../trial/process.ts'
import { composeLine, composeOfRunbooks } from '../cli/runbooks.ts'

type Service = Readonly<{
  image: string
  profiles?: readonly string[]
  build?: unknown
  user?: string
  entrypoint?: readonly string[]
  command?: readonly string[]
  environment?: Readonly<Record<string, string>>
  secrets?: readonly Readonly<{ source: string }>[]
  healthcheck?: Readonly<{ test: readonly string[] }>
  depends_on?: Readonly<Record<string, Readonly<{ condition: string }>>>
  ports?: readonly unknown[]
  networks?: Readonly<Record<string, unknown>> | readonly string[]
  network_mode?: string
  read_only?: boolean
  cap_drop?: readonly string[]
  privileged?: boolean
  volumes?: readonly (string | Readonly<{ source: string; target: string }>)[]
}>
type Compose = Readonly<{
  services: Readonly<Record<string, Service>>
  secrets: Readonly<Record<string, unknown>>
  volumes: Readonly<Record<string, unknown>>
  networks: Readonly<
    Record<
      string,
      Readonly<{
        internal?: boolean
        ipam?: Readonly<{ config: readonly Readonly<{ subnet: string; ip_range?: string }>[] }>
      }>
    >
  >
}>

const root = join(import.meta.dirname, '../..')
const directory = mkdtempSync(join(tmpdir(), 'grand-livre-compose-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** What docker-compose makes of the file: defaults, anchors and variables are resolved, and what it does not know is refused. */
const resolved = (env: NodeJS.ProcessEnv = {}, ...more: readonly string[]): Compose => {
  const files = ['docker-compose.yml', ...more].flatMap((name) => ['-f', join(root, name)])
  const read = spawnSync('docker-compose', [...files, 'config'], {
    cwd: directory,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: directory, ...env },
  })
  if (read.status !== 0) throw new Error(read.stderr)
  // The parser that docker-compose itself is written with.
  const program = 'import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)'
  const parsed = spawnSync('/usr/bin/python3', ['-c', program], { input: read.stdout, encoding: 'utf8' })
  if (parsed.status !== 0) throw new Error(parsed.stderr)
  return JSON.parse(parsed.stdout) as Compose
}

/** For a comparison: where files are joined, the order of a list is lost, and nothing is written as an empty object. */
const unordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map((one) => JSON.stringify(unordered(one))).toSorted()
  if (typeof value !== 'object') return value
  const entries = Object.entries(value ?? {}).map(([name, one]) => [name, unordered(one)] as const)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/** What a shell is given to run: `config` doubles each dollar, as the file does. */
const scriptOf = (words: readonly string[] = []): string => (words.at(-1) ?? '').replaceAll('$$', '$')

/** Lines of a script that show a secret to whoever lists processes. Assigning one, and a here-document, start none. */
const shown = (script: string): readonly string[] => {
  const plain = script.replaceAll(/<<(\w+)\n[^]*?\n\1$/gm, '')
  const assignment = /^\s*\w+="\$\((?:cat|sed '[^']*') \/run\/secrets\/\w+\)"/gm
  const holders = [...plain.matchAll(/(\w+)="\$\([^)]*\/run\/secrets\//g)].map(([, name]) => name)
  return plain
    .replaceAll(assignment, '')
    .split('\n')
    .filter(
      (line) =>
        /\$\([^)]*\/run\/secrets\/|(?:requirepass|--?pass(?:word)?|--?user)\b.*\$/.test(line) ||
        holders.some((name) => new RegExp(`(?<!^\\s*\\w+=")(?<!^\\s*: ")\\$\\{?${name}\\b`).test(line)),
    )
}

const programs = findProgram('docker-compose') === undefined ? 'docker-compose' : undefined

describe.skipIf(programs !== undefined)('docker-compose.yml (needs docker-compose)', () => {
  const one = resolved()
  const { services } = one
  const ours = Object.entries(services).filter(([, { image }]) => image === 'grand-livre')
  const lasting = Object.entries(services).filter(([name]) => !['certificates', 'migrate'].includes(name))

  /** The environment of a service as its container has it, secrets read from files. */
  const environmentOf = ({ environment = {} }: Service): NodeJS.ProcessEnv => {
    const secrets = join(directory, 'secrets')
    mkdirSync(secrets, { recursive: true })
    mkdirSync(join(directory, 'client-ca'), { recursive: true })
    for (const [name, text] of Object.entries({
      'database-url': 'postgres://postgres:5432/grandlivre',
      'ledger-url': 'esdb://eventstore1:2113',
      'redis-url': 'redis://redis:6379',
      'smtp-url': 'smtps://igc:a-word@mail.example:465',
      'oidc-client-secret': 'a word of the provider',
      passphrase: 'a passphrase of ours',
    }))
      writeFileSync(join(secrets, name), text, { mode: 0o600 })
    return Object.fromEntries(
      Object.entries({ DATA_DIR: directory, ...environment }).map(([name, value]) => [
        name,
        value.replace('/run/secrets', secrets).replace(/^\/(client-ca|policy\/)/, `${directory}/$1`),
      ]),
    )
  }

  /** Its settings as the code reads them, and those that it does not look at. */
  const configOf = (service: Service) => {
    const read = new Set<string>(['NODE_ENV'])
    const env = new Proxy(environmentOf(service), {
      get: (target, name: string) => {
        read.add(name)
        return target[name]
      },
    })
    const config = readConfig(env)
    const unread = (): readonly string[] =>
      Object.keys(service.environment ?? {}).filter((name) => !read.has(name))
    return { env, config, unread }
  }

  it('starts what an installation consists of: one node of the ledger, or three', () => {
    const names = ({ services: all }: Compose, profile?: string) =>
      Object.entries(all)
        .filter(([, { profiles = [] }]) => profiles.length === 0 || profiles.includes(profile ?? ''))
        .map(([name]) => name)
        .toSorted()
    const common = [
      'api',
      'certificates',
      'migrate',
      'postgres',
      'projector',
      'proxy',
      'redis',
      'signer',
      'status',
      'worker',
    ]
    expect(names(one)).toEqual([...common, 'eventstore1'].toSorted())
    const three = resolved({ EVENTSTORE_CLUSTER_SIZE: '3' })
    const nodes = ['eventstore1', 'eventstore2', 'eventstore3']
    expect(names(three, 'cluster')).toEqual([...common, ...nodes].toSorted())
    for (const node of nodes) {
      const { environment = {}, image } = three.services[node]!
      expect(image).toBe('eventstore/eventstore:23.10.8-bookworm-slim')
      expect(environment['EVENTSTORE_CLUSTER_SIZE']).toBe('3')
      // Both are names of its certificate, which has no address of its own.
      expect(environment['EVENTSTORE_NODE_HOST_ADVERTISE_AS']).toBe(node)
      expect(environment['EVENTSTORE_REPLICATION_HOST_ADVERTISE_AS']).toBe(node)
      const peers = nodes.filter((other) => other !== node).map((other) => `${other}:2113`)
      expect(environment['PEERS']?.split(',')).toEqual(peers)
      expect(Object.keys(environment).filter((name) => /INSECURE|DISABLE_TLS/i.test(name))).toEqual([])
    }
    expect(
      resolved({ EVENTSTORE_IMAGE: 'docker.kurrent.io/x/kurrentdb:25' }).services['eventstore1']?.image,
    ).toBe('docker.kurrent.io/x/kurrentdb:25')
  })

  it.each(ours)(
    '%s runs a command that there is, with settings that the code reads, and they suffice',
    async (_, service) => {
      const program = new Command()
      const tools: ListTools = {
        ...{ env: {}, found: () => undefined, collect: (value, before) => [...before, value] },
        command: (parent, usage) => parent.command(usage),
        outputOf: () => ({ json: true, say: () => undefined, result: () => undefined }),
      }
      listRoles(program, tools)
      listSigner(program, tools)
      const [role = ''] = service.command ?? []
      expect(program.commands.map((command) => command.name())).toContain(role)

      const { env, config, unread } = configOf(service)
      if (config.signer === undefined || role === 'signer') await findPassphrase(env, directory)
      expect(unread()).toEqual([])
      const isRole = (name: string): name is (typeof roles)[number] =>
        (roles as readonly string[]).includes(name)
      // One that ends is not watched.
      const watched = role === 'migrate' ? undefined : { host: '0.0.0.0', port: 9464 }
      expect(config.ops.metrics).toEqual(watched)
      if (isRole(role)) expect(() => requireShared(role, config)).not.toThrow()
      else expect(role).toBe('signer')
    },
  )

  it('every role of the command line has a service of its name', () => {
    expect(ours.map(([name]) => name).toSorted()).toEqual(['signer', ...roles].toSorted())
    for (const [name, { command }] of ours) expect(command).toEqual([name])
  })

  it.each(lasting)('%s has a health check, which is answered', async (name, { healthcheck, image }) => {
    const test = healthcheck?.test.join(' ') ?? ''
    expect(test).not.toBe('')
    if (image !== 'grand-livre') return
    if (name === 'signer') {
      const program = new Command()
      listSigner(program, {
        ...{ env: {}, found: () => undefined, collect: (value, before) => [...before, value] },
        command: (parent, usage) => parent.command(usage),
        outputOf: () => ({ json: true, say: () => undefined, result: () => undefined }),
      })
      const options = program.commands[0]?.options.map(({ long }) => long)
      expect(options).toContain(healthcheck?.test.at(-1))
      return
    }
    const url = /http:\/\/127\.0\.0\.1:8080(\/\w+)/.exec(test)?.[1] ?? ''
    const probed = { now: () => '2026-03-02T09:00:00Z', health: async () => ({ ledger: true as const }) }
    const app = await createProbesApp('test', probed)
    expect((await app.inject(url)).json()).toEqual({ ready: true, checks: { ledger: true }, alarms: {} })
    await app.close()
  })

  it('every secret comes from a file, of those that are declared, and is given to whoever reads it', () => {
    const inTheClear = ([variable]: readonly [string, string]): boolean =>
      /(PASS\w*|SECRET|_URL|_PIN)$/.test(variable) && !variable.endsWith('_FILE')
    for (const [name, { environment = {}, secrets = [] }] of Object.entries(services)) {
      const given = secrets.map(({ source }) => source)
      for (const source of given) expect(Object.keys(one.secrets), name).toContain(source)
      const settings = Object.entries(environment)
      expect(settings.filter(inTheClear), name).toEqual([])
      const read = settings.filter(([variable]) => variable.endsWith('_FILE'))
      const files = read.flatMap(([, value]) => /^\/run\/secrets\/(.+)$/.exec(value)?.[1] ?? [])
      expect(given, name).toEqual(expect.arrayContaining(files))
    }
    const holders = Object.entries(services).filter(([, { secrets = [] }]) =>
      secrets.some(({ source }) => source === 'passphrase'),
    )
    expect(holders.map(([name]) => name)).toEqual(['signer'])
  })

  it('no secret is on a command line, which everybody on the machine reads', () => {
    for (const line of [
      'exec redis-server --requirepass "$(cat /run/secrets/redis)"',
      'word="$(cat /run/secrets/redis)"\nexec redis-server --requirepass "$word"',
      'word="$(cat /run/secrets/redis)"\nredis-cli -a "${word}" ping',
      'redis-cli -a $(cat /run/secrets/redis) ping',
    ])
      expect(shown(line)).toHaveLength(1)
    for (const [name, { entrypoint, command, healthcheck }] of Object.entries(services))
      for (const words of [entrypoint, command, healthcheck?.test])
        expect(shown(scriptOf(words)), name).toEqual([])
  })

  it('Redis takes its settings by standard input: it wants the password, keeps everything, shows nothing', async () => {
    const data = mkdtempSync(join(directory, 'redis-'))
    const [password, port] = ['a "word" of \\ours', await freePort()]
    writeFileSync(join(data, 'word'), password)
    const script = scriptOf(services['redis']?.entrypoint)
      .replaceAll('/run/secrets/redis', join(data, 'word'))
      .replace('dir /data', `dir ${data}\nport ${port}\nbind 127.0.0.1`)
    const run = ['/bin/sh', '-euc', script] as const
    expect(services['redis']?.entrypoint?.slice(0, 2)).toEqual(run.slice(0, 2))
    const server = spawn(run[0], run.slice(1), { stdio: 'ignore' })
    const ask = (word: string, ...words: readonly string[]): string =>
      spawnSync('redis-cli', ['-p', `${port}`, ...words], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], REDISCLI_AUTH: word },
      }).stdout.trim()
    try {
      await until(
        'Redis',
        async () => ask(password, 'ping'),
        (said) => said === 'PONG',
      )
      expect(ask('another', 'ping')).toContain('NOAUTH')
      expect(ask(password, 'config', 'get', 'maxmemory-policy')).toBe('maxmemory-policy\nnoeviction')
      expect(ask(password, 'config', 'get', 'appendonly')).toBe('appendonly\nyes')
      // The shell has become the server: it is what a signal to stop reaches.
      const line = readFileSync(`/proc/${server.pid}/cmdline`, 'utf8')
      expect(line).toContain('redis-server')
      expect(line).not.toContain('word')
    } finally {
      server.kill('SIGKILL')
    }
    writeFileSync(join(data, 'word'), '')
    const empty = spawnSync(run[0], run.slice(1), { encoding: 'utf8' })
    expect([empty.status === 0, empty.stderr]).toEqual([false, expect.stringContaining('is empty')])
  })

  it.each([
    ['EventStoreDB', ['eventstore/EventStore.ClusterNode'], 'eventstore/EventStore.ClusterNode', []],
    ['KurrentDB', ['kurrentdb/KurrentDB'], 'kurrentdb/KurrentDB', ['KURRENTDB']],
    [
      'KurrentDB, which has a link of the old name',
      ['eventstore/EventStore.ClusterNode', 'kurrentdb/KurrentDB'],
      'kurrentdb/KurrentDB',
      ['KURRENTDB'],
    ],
  ])('the image of %s starts its server, with its settings', (_, there, started, more) => {
    const image = mkdtempSync(join(directory, 'image-'))
    for (const program of there) {
      mkdirSync(join(image, program, '..'), { recursive: true })
      writeFileSync(join(image, program), '#!/bin/sh\necho "$0 $#"\nenv\n', { mode: 0o755 })
    }
    writeFileSync(join(image, 'word'), 'a "word" $of \\ours')
    const { services: three } = resolved({ EVENTSTORE_CLUSTER_SIZE: '3' })
    const { entrypoint = [], environment = {}, volumes = [] } = three['eventstore2']!
    const script = scriptOf(entrypoint)
      .replaceAll('/opt/', `${image}/`)
      .replaceAll('/run/secrets/eventstore', join(image, 'word'))
    expect(entrypoint.slice(0, 2)).toEqual(['/bin/sh', '-euc'])
    const run = spawnSync('/bin/sh', ['-euc', script], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...environment },
    })
    expect([run.status, run.stderr]).toEqual([0, ''])
    const [first, ...lines] = run.stdout.trim().split('\n')
    expect(first).toBe(`${join(image, started)} 0`)
    const wanted = {
      ...Object.fromEntries(
        Object.entries(environment).flatMap(([name, value]) =>
          name.startsWith('EVENTSTORE_') ? [[name.slice('EVENTSTORE_'.length), value]] : [],
        ),
      ),
      DEFAULT_ADMIN_PASSWORD: 'a "word" $of \\ours',
      DEFAULT_OPS_PASSWORD: 'a "word" $of \\ours',
      DISCOVER_VIA_DNS: 'false',
      GOSSIP_SEED: 'eventstore1:2113,eventstore3:2113',
    }
    const settings = lines.filter((line) => /^(EVENTSTORE|KURRENTDB)_/.test(line))
    expect(settings.toSorted()).toEqual(
      ['EVENTSTORE', ...more]
        .flatMap((prefix) => Object.entries(wanted).map(([name, value]) => `${prefix}_${name}=${value}`))
        .toSorted(),
    )
    const mounted = volumes.map((volume) =>
      typeof volume === 'string' ? volume.split(':')[1] : volume.target,
    )
    expect(mounted).toEqual(
      expect.arrayContaining([environment['EVENTSTORE_DB'], environment['EVENTSTORE_LOG']]),
    )
  })

  it('nothing runs as root but what hands the nodes their keys, and no root file system is written', () => {
    for (const [name, { user, read_only: readOnly, cap_drop: dropped, privileged }] of Object.entries(
      services,
    )) {
      expect(readOnly, name).toBe(true)
      expect(dropped, name).toEqual(['ALL'])
      expect(privileged, name).toBeUndefined()
      expect(user === 'root', name).toBe(name === 'certificates')
      expect(user, name).toBeDefined()
    }
  })

  it('only the proxy is reached from outside; exactly api and worker reach what is outside, and they publish nothing', () => {
    const networksOf = ({ networks = {} }: Service): readonly string[] =>
      Array.isArray(networks) ? (networks as readonly string[]) : Object.keys(networks)
    const leadsOut: Readonly<Record<string, readonly string[]>> = {
      // By the ports that it publishes, in.
      proxy: ['edge'],
      // To an OpenID Connect provider.
      api: ['out'],
      // To an SMTP server.
      worker: ['out'],
    }
    for (const [name, service] of Object.entries(services)) {
      expect(service.ports === undefined, name).toBe(name !== 'proxy')
      const open = networksOf(service).filter((network) => one.networks[network]?.internal !== true)
      expect(open, name).toEqual(leadsOut[name] ?? [])
      // Neither the machine's own network, nor that of another service.
      expect(service.network_mode, name).toBe(name === 'certificates' ? 'none' : undefined)
    }
    expect(Object.keys(services)).toEqual(expect.arrayContaining(Object.keys(leadsOut)))
  })

  it('RFC 9440 4: the address whose Client-Cert is believed is the proxy’s alone: nobody is given it by chance', () => {
    const at = services['proxy']!.networks as Readonly<Record<string, Readonly<{ ipv4_address: string }>>>
    const address = at['front']!.ipv4_address
    for (const [name, setting] of [
      ['api', 'TRUSTED_PROXIES'],
      ['api', 'CLIENT_CERT_PROXIES'],
      ['status', 'TRUSTED_PROXIES'],
    ] as const)
      expect(services[name]!.environment![setting], `${name} ${setting}`).toBe(address)
    const { subnet, ip_range: given } = one.networks['front']!.ipam!.config[0]!
    expect([subnet, given ?? subnet].map((network) => addressesIn([network])(address))).toEqual([true, false])
  })

  it.each([
    ['deploy/mail.yml', 'worker', { MAIL_FROM: 'igc@example.org' }],
    [
      'deploy/sign-in.yml',
      'api',
      {
        ...{ PUBLIC_URL: 'https://igc.example', OIDC_ISSUER: 'https://provider.example' },
        OIDC_CLIENT_ID: 'igc',
      },
    ],
  ] as const)(
    '%s gives %s alone what it needs to ask outside, by files and settings that the code reads',
    (more, asking, given) => {
      const whole = resolved(given, more)
      const changed = Object.keys(services).filter(
        (name) => !isDeepStrictEqual(unordered(whole.services[name]), unordered(services[name])),
      )
      expect([changed, Object.keys(whole.services)]).toEqual([[asking], Object.keys(services)])
      const service = whole.services[asking]!
      const { config, unread } = configOf(service)
      expect(unread()).toEqual([])
      expect({ mail: config.mail !== undefined, provider: config.signIn.provider !== undefined }).toEqual({
        mail: asking === 'worker',
        provider: asking === 'api',
      })
      const files = Object.values(service.environment ?? {}).filter((value) =>
        value.startsWith('/run/secrets/'),
      )
      const held = service.secrets?.map(({ source }) => `/run/secrets/${source}`)
      expect(held?.toSorted()).toEqual(files.toSorted())
      expect(Object.keys(whole.secrets)).toEqual(
        expect.arrayContaining(service.secrets?.map(({ source }) => source) ?? []),
      )
      // What has to be said is asked for, not left empty.
      expect(() => resolved({}, more)).toThrow(Object.keys(given)[0])
    },
  )

  it('deploy/policy.yml gives every process of ours the policy of the installation, to read, and changes nothing else', () => {
    const { services: whole } = resolved({}, 'deploy/policy.yml')
    mkdirSync(join(directory, 'policy'), { recursive: true })
    const shipped = readFileSync(join(root, 'domain/policy/ac-confidentialite-mef-qualifiee.json'), 'utf8')
    const own = { ...(JSON.parse(shipped) as object), version: 4711 }
    writeFileSync(join(directory, 'policy/policy.json'), JSON.stringify(own))
    const mount = `${join(directory, 'policy')}:/policy:ro`
    const withPolicy = (service: Service) => ({
      ...service,
      environment: { ...service.environment, POLICY_FILE: '/policy/policy.json' },
      volumes: [...(service.volumes ?? []), mount.replace(directory, root)],
    })
    const expected = {
      ...services,
      ...Object.fromEntries(ours.map(([name, one]) => [name, withPolicy(one)])),
    }
    expect(unordered(whole)).toEqual(unordered(expected))
    for (const [name] of ours) {
      const { config, unread } = configOf(whole[name]!)
      expect([config.policy.version, unread().includes('POLICY_FILE')], name).toEqual([4711, false])
    }
  })

  it('every service that a runbook speaks to is there, and one that a command is run in has the image of ours', () => {
    const lines = composeOfRunbooks()
    expect(lines.length).toBeGreaterThan(15)
    const named = [...new Set(lines.flatMap((line) => line.services))]
    expect(named.filter((name) => services[name] === undefined)).toEqual([])
    const running = lines.flatMap((line) => (line.command === undefined ? [] : line.services))
    expect(running.filter((name) => services[name]?.image !== 'grand-livre')).toEqual([])
    expect(composeLine('docker compose run --rm -v "$PWD:/x" apy ledger check /x/a')).toEqual({
      services: ['apy'],
      command: 'grand-livre ledger check /x/a',
    })
    expect(composeLine('docker compose stop api wurker').services).toEqual(['api', 'wurker'])
  })

  it('what lies beside the file for an installation is in no layer of the image, nor in a commit', () => {
    const lists = ['.dockerignore', '.gitignore'].map((name) =>
      readFileSync(join(root, name), 'utf8')
        .split('\n')
        .map((line) => line.replaceAll(/^\/|\/$/g, '')),
    )
    const mounted = /^ +(?:- |file: )\.\/([\w-]+)[:/]/gm
    const texts = ['docker-compose.yml', 'deploy/policy.yml', 'deploy/mail.yml', 'deploy/sign-in.yml'].map(
      (name) => readFileSync(join(root, name), 'utf8'),
    )
    const folders = texts.flatMap((text) => [...text.matchAll(mounted)].map(([, folder = '']) => folder))
    expect(new Set(folders)).toEqual(new Set(['client-ca', 'deploy', 'policy', 'secrets']))
    // Of the runbooks and of README: tokens of officers, a list of holders, an exported ledger, the script of a ceremony.
    const more = ['ceremony', '.env', '*.token', '*.csv', '*.jsonl']
    for (const list of lists)
      expect(
        [...folders.filter((name) => name !== 'deploy'), ...more].filter((name) => !list.includes(name)),
      ).toEqual([])
    // Folders of the source have such names, too (domain/policy): what is ignored is neither formatted nor looked at for unused code.
    const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n')
    for (const name of ['policy', 'ceremony', 'secrets', 'client-ca'])
      expect(ignored.filter((line) => line.replaceAll('/', '') === name)).toEqual([`/${name}/`])
  })

  it('whoever needs tables and keys waits for migrate; the status process waits for nobody', () => {
    for (const role of ['api', 'projector', 'worker']) {
      const { depends_on: on = {} } = services[role]!
      expect(on['migrate']?.condition, role).toBe('service_completed_successfully')
      expect(on['signer']?.condition, role).toBe('service_healthy')
    }
    expect(services['status']?.depends_on).toBeUndefined()
    for (const on of ['eventstore1', 'postgres', 'signer'])
      expect(services['migrate']?.depends_on?.[on]?.condition).toBe('service_healthy')
  })

  it('the custody’s data is in a volume that the signer alone sees', () => {
    const sourcesOf = ({ volumes = [] }: Service) =>
      volumes.map((volume) => (typeof volume === 'string' ? volume.split(':')[0] : volume.source))
    const having = (volume: string) =>
      Object.entries(services)
        .filter(([, service]) => sourcesOf(service).includes(volume))
        .map(([name]) => name)
    expect(having('custody')).toEqual(['signer'])
    expect(having('status-data')).toEqual(['status'])
    for (const [name, service] of Object.entries(services))
      for (const source of sourcesOf(service))
        if (source !== undefined && !source.startsWith('/') && !source.startsWith('.'))
          expect(Object.keys(one.volumes), name).toContain(source)
  })
})
