import { createHash, generateKeyPairSync, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { download, openCaller } from '../../cli/demo/client.ts'
import { openssl } from '../../cli/demo/openssl.ts'
import { serviceKeyId } from '../../commands/ceremony.ts'
import { openEmbeddedStore } from '../../ledger/embedded.ts'
import { openSite, type Ended, type Running, type Site } from './grandLivre.ts'
import { giveMaster } from '../support/cheapMaster.ts'
import { giveReadModels } from '../support/embeddedDatabase.ts'

const stem = 'ac-confidentialite-mef-qualifiee'
const never = '0x4f0123456789abcdef0123456789abcd'

type Head = Readonly<{ size: number; root: string; found: number; findings: readonly unknown[] }>
type Exported = Readonly<{ stream: string; type: string; body: { pub: Record<string, unknown> } }>
type Published = Readonly<{ root: Buffer; ca: Buffer; crl: Buffer; cgu: Buffer }>

let site: Site
let first: Published
let ocsp: string
let ended: Ended
/** What was asked beside the running service. */
let beside: readonly Ended[]
let head: Head

const published = async ({ url }: Running): Promise<Published> => {
  const paths = ['ac-racine-mef-qualifiee.cer', `${stem}.cer`, `${stem}.crl`, `cgu-${stem}.txt`]
  const [root, ca, crl, cgu] = await Promise.all(paths.map((path) => download(`${url}/${path}`)))
  return { root: root!, ca: ca!, crl: crl!, cgu: cgu! }
}

/** The setting for a policy that differs. */
const withPolicy = (change: object): Record<string, string> => {
  const file = site.file(`policy-${randomUUID()}.json`)
  writeFileSync(file, JSON.stringify({ ...site.policy, ...change }))
  return { POLICY_FILE: file }
}
/** With the key of a security officer, as production wants it. */
const anchored = (): object => ({
  environment: 'production',
  escrow: { ...(site.policy['escrow'] as object), approvalAnchors: ['a'.repeat(64)] },
})
/** With keys that production takes. */
const inProduction = (): Record<string, string> =>
  withPolicy({
    ...anchored(),
    ocsp: { ...(site.policy['ocsp'] as object), algorithm: 'ecP384' },
  })

const verified = (): Promise<Head> => site.json<Head>(['ledger', 'verify'])

const inSite = (...args: readonly string[]): Promise<string> => openssl(site.file(''), ...args)

beforeAll(async () => {
  site = openSite()
  const service = await site.start()
  first = await published(service)
  for (const name of ['root', 'ca'] as const) {
    writeFileSync(site.file(`${name}.der`), first[name])
    await inSite('x509', '-inform', 'DER', '-in', `${name}.der`, '-out', `${name}.pem`)
  }
  writeFileSync(site.file('crl.der'), first.crl)
  const about = ['-issuer', 'ca.pem', '-serial', never, '-CAfile', 'root.pem', '-verify_other', 'ca.pem']
  ocsp = await inSite('ocsp', ...about, '-url', `${service.url}/ac-online-mef-qualifiees/`)
  beside = [await site.run(['projections', 'status']), await site.run(['projections', 'rebuild'])]
  ended = await service.stop()
  head = await verified()
  cpSync(join(site.dataDir, 'ledger'), site.file('older'), { recursive: true })
})
afterAll(() => site.close())

describe('the first start', () => {
  it('CGU-13, CGU-104, CGU-105: publishes a root and a CA that it certified; both say TEST', async () => {
    expect(await inSite('verify', '-CAfile', 'root.pem', 'root.pem', 'ca.pem')).toMatch(
      /root.pem: OK\s+ca.pem: OK/,
    )
    const names = await Promise.all(
      ['root.pem', 'ca.pem'].map((name) =>
        inSite('x509', '-in', name, '-noout', '-subject', '-nameopt', 'multiline'),
      ),
    )
    expect(names[0]).toMatch(/commonName\s+= TEST AC RACINE MEF QUALIFIEE\n/)
    expect(names[1]).toMatch(/commonName\s+= TEST AC CONFIDENTIALITE MEF QUALIFIEE\n/)
  })

  it('CGU-106: publishes a CRL of the CA with nobody on it', async () => {
    const said = await inSite(
      ...['crl', '-inform', 'DER', '-in', 'crl.der', '-CAfile', 'ca.pem', '-noout', '-text'],
    )
    expect(said).toContain('verify OK')
    expect(said).toContain('No Revoked Certificates.')
  })

  it('RFC 6960 2.2: its responder answers, and knows no certificate that was never issued', () => {
    expect(ocsp).toContain('Response verify OK')
    expect(ocsp).toContain(`${never}: unknown`)
  })

  it('CGU-01: publishes the conditions of use whose digest the policy has', () => {
    const { sha256 } = site.policy['cgu'] as { sha256: string }
    expect(createHash('sha256').update(first.cgu).digest('hex')).toBe(sha256)
  })

  it('prints one JSON document for programs, and ends with 0 on SIGTERM', () => {
    const { status, stdout, stderr } = ended
    expect([status, stderr, stdout.trim().split('\n').length]).toEqual([0, '', 1])
    expect(JSON.parse(stdout)).toEqual({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) as string,
      release: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
      dataDir: site.dataDir,
      pid: expect.any(Number) as number,
    })
  })
})

describe('projections on the embedded database', () => {
  it('while the service runs, it alone has them: status 3', () => {
    for (const { status, stdout, stderr } of beside)
      expect([status, stdout, stderr]).toEqual([
        3,
        '',
        expect.stringMatching(
          /^the vault is open for writing in a process that answers at \S+; stop it first\n$/,
        ),
      ])
  })
})

describe('a first start that is killed', () => {
  it('CGU-105: held again, the ceremony goes on where it stopped: each act once, and nothing damaged', async () => {
    const env = { DATA_DIR: site.file('killed'), ...(await site.onServer()) }
    giveMaster(env.DATA_DIR)
    for (const step of ['root certificate', 'OCSP responder'])
      expect(await site.killAt(step, env)).toMatchObject({ status: null, stderr: '' })
    const service = await site.start(env)
    expect(JSON.parse((await download(`${service.url}/readyz`)).toString())).toMatchObject({ ready: true })
    await service.stop()

    const { stdout } = await site.run(['ledger', 'export'], env)
    const events = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Exported)
    const keys = events.filter(({ type }) => type === 'ServiceKeyPlanned')
    expect(keys.map(({ body }) => body.pub['purpose'])).toEqual(['root', 'ca', 'escrowKek', 'ocsp'])
    for (const { stream } of keys)
      expect(events.filter((event) => event.stream === stream).map(({ type }) => type)).toEqual([
        ...['ServiceKeyPlanned', 'ServiceKeyGenerated'],
      ])
    const counted = (type: string): number => events.filter((event) => event.type === type).length
    expect([counted('CaCertificateInstalled'), counted('DocumentAdopted')]).toEqual([2, 1])
    expect(await site.json<Head>(['ledger', 'verify'], env)).toMatchObject({ found: 0, findings: [] })
  })
})

/** Every file under a directory. */
const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** What gives a private key away, in hex: PKCS #8 (RFC 5208 5) and SEC 1 C.4, up to where the secret begins. */
const keyHeads = [
  /020100300d06092a864886f70d0101010500/,
  /0201003013(?:06072a8648ce3d0201)06082a8648ce3d030107/,
  /0201003010(?:06072a8648ce3d0201)06052b81040022/,
  /02010104(?:20|30)[0-9a-f]{64,96}a0/,
]

const isClearKey = (bytes: Buffer): boolean => {
  const text = bytes.toString('latin1')
  const decoded = (text.match(/[A-Za-z0-9+/_-]{60,}/g) ?? []).map((run) => Buffer.from(run, 'base64'))
  return (
    /-----BEGIN [A-Z ]*PRIVATE KEY|"kty"|"d":/.test(text) ||
    [bytes, ...decoded].some((some) => keyHeads.some((head) => head.test(some.toString('hex'))))
  )
}

const pairs = () => [
  generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ...['P-256', 'P-384'].map((namedCurve) => generateKeyPairSync('ec', { namedCurve })),
]

describe('keys at rest (CGU-105, RGS A2 XI)', () => {
  it.each(pairs().map(({ privateKey }) => [privateKey.asymmetricKeyDetails, privateKey] as const))(
    'a key in the clear would be seen: %o',
    (_, key) => {
      const pkcs8 = key.export({ type: 'pkcs8', format: 'der' })
      const written = [
        pkcs8,
        key.export({ type: 'pkcs8', format: 'pem' }) as string,
        JSON.stringify(key.export({ format: 'jwk' })),
        JSON.stringify({ key: pkcs8.toString('base64') }),
      ]
      expect(written.map((form) => isClearKey(Buffer.concat([Buffer.from('…'), Buffer.from(form)])))).toEqual(
        written.map(() => true),
      )
    },
  )

  it('no file holds a private key in the clear', () => {
    const files = filesIn(site.dataDir)
    expect(files.filter((file) => file.endsWith('.key')).length).toBeGreaterThanOrEqual(3)
    expect(files.filter((file) => isClearKey(readFileSync(file)))).toEqual([])
  })

  it('the passphrase lies in its own file alone, and nobody else may read anything', () => {
    const passphrase = readFileSync(join(site.dataDir, 'passphrase'), 'utf8').trim()
    const holding = filesIn(site.dataDir).filter((file) => readFileSync(file).includes(passphrase))
    expect(holding.map((file) => relative(site.dataDir, file))).toEqual(['passphrase'])
    const modes = readdirSync(site.dataDir).map((name) => [
      name,
      statSync(join(site.dataDir, name)).mode & 0o077,
    ])
    expect(modes).toEqual(readdirSync(site.dataDir).map((name) => [name, 0]))
  })
})

describe('keys that meet a ledger which is not theirs', () => {
  const refusedWith = (words: string): unknown[] => [3, expect.stringContaining(words)]

  it('CGU-105, CGU-76: no second ledger is begun for them, and no empty list published: status 3', async () => {
    const parts = ['ledger', 'readmodels'].map((name) => [join(site.dataDir, name), site.file(name)] as const)
    for (const [here, away] of parts) renameSync(here, away)
    try {
      for (const args of [['start'], ['custody', 'rewrap']]) {
        const { status, stderr } = await site.run(args)
        expect([status, stderr]).toEqual(refusedWith('it has not been given back yet'))
      }
      const { stdout } = await site.run(['ledger', 'export'])
      expect(stdout.split('\n').filter((line) => line.includes('"stream"'))).toEqual([])
    } finally {
      for (const [here, away] of parts) {
        rmSync(here, { recursive: true, force: true })
        renameSync(away, here)
      }
    }
    expect(await verified()).toMatchObject({ root: head.root, found: 0 })
  })

  it('CGU-105, CGU-116: keys that are gone beside their ledger, all of them or the root’s, are made by no start: status 3', async () => {
    const [keys, away] = [join(site.dataDir, 'keys'), site.file('keys')]
    renameSync(keys, away)
    try {
      for (const args of [['start'], ['custody', 'rewrap']]) {
        const { status, stderr } = await site.run(args, { GRAND_LIVRE_PASSPHRASE: 'twelve letters and more' })
        expect([status, stderr]).toEqual(refusedWith('its keys are gone: restore'))
      }
      expect(existsSync(keys)).toBe(false)
      expect((await site.run(['ledger', 'verify'])).stdout).toContain('its keys are gone: restore')
    } finally {
      renameSync(away, keys)
    }
    const root = `${serviceKeyId(site.policy as { log: string }, 'root', 1)}.key`
    renameSync(join(keys, root), away)
    const { status, stderr } = await site.run(['custody', 'rewrap'])
    renameSync(away, join(keys, root))
    expect([status, stderr]).toEqual(refusedWith('a root whose key is not here'))
    expect(await verified()).toMatchObject({ root: head.root, found: 0 })
  })

  it('CGU-105: nor is a second ceremony held in it, for the log of another policy or another installation: status 3', async () => {
    const renamed = withPolicy({ log: 'elsewhere.example/registre/1' })
    const ofPolicy = await site.run(['start'], renamed)
    expect([ofPolicy.status, ofPolicy.stderr]).toEqual(refusedWith('is of another log'))

    const other = { DATA_DIR: site.file('other') }
    giveMaster(other.DATA_DIR)
    giveReadModels(other.DATA_DIR)
    await (await site.start(other)).stop()
    const ledger = join(other.DATA_DIR, 'ledger')
    for (const part of ['ledger', 'readmodels']) rmSync(join(other.DATA_DIR, part), { recursive: true })
    cpSync(join(site.dataDir, 'ledger'), ledger, { recursive: true })
    const ofKeys = await site.run(['start'], other)
    expect([ofKeys.status, ofKeys.stderr]).toEqual(refusedWith('is of another installation'))
    expect(await verified()).toMatchObject({ root: head.root, found: 0 })
    const verify = await site.run(['ledger', 'verify'], other)
    expect([verify.status, verify.stderr]).toEqual(refusedWith('is of another installation'))
    // Nothing was written into it.
    const events = async (env?: Record<string, string>) =>
      (await site.run(['ledger', 'export'], env)).stdout.split('\n').slice(1, -2)
    expect(await events(other)).toEqual(await events())
  })
})

describe('a later start', () => {
  it('CGU-105: finds everything as it was, and writes nothing', async () => {
    const service = await site.start()
    const { root, ca } = await published(service)
    const refused = await site.run(['start'])
    await service.stop()
    expect(root.equals(first.root)).toBe(true)
    expect(ca.equals(first.ca)).toBe(true)
    expect(await verified()).toMatchObject({ size: head.size, root: head.root, found: 0 })
    // Beside it, another start on the same data directory was refused.
    expect([refused.status, refused.stderr]).toEqual([
      3,
      expect.stringMatching(
        /^the vault is open for writing in a process that answers at \S+; stop it first\n$/,
      ),
    ])
  })

  it('proofs.md 6: after kill -9 nothing that was acknowledged is lost, and what was not can be asked again', async () => {
    const { token } = await site.json<{ token: string }>(['accounts', 'add', 'marie', '--role', 'raOfficer'])
    const body = JSON.stringify({
      ...{ kind: 'ministry', siren: '110020013', method: 'register', name: 'Douanes', address: 'Montreuil' },
      ...{ contact: 'pki@douane.example', evidence: 'SIRENE' },
    })
    const send = (url: string, key: string): Promise<Response> =>
      fetch(`${url}/api/v1/entities`, {
        method: 'POST',
        headers: {
          ...{ authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          'idempotency-key': key,
        },
        body,
      })

    const database = await site.onServer()
    const killed = await site.start(database)
    const acknowledged: { id: string; position: string }[] = []
    const unanswered: string[] = []
    const enough = 40
    const officer = async (): Promise<void> => {
      for (;;) {
        const key = randomUUID()
        try {
          const answer = await send(killed.url, key)
          acknowledged.push((await answer.json()) as { id: string; position: string })
        } catch {
          unanswered.push(key)
          return
        }
        if (acknowledged.length === enough) void killed.kill()
      }
    }
    await Promise.all(Array.from({ length: 6 }, officer))
    const { status } = await killed.kill()
    expect(status).toBeNull()
    expect(acknowledged.length).toBeGreaterThanOrEqual(enough)

    const service = await site.start(database)
    expect(JSON.parse((await download(`${service.url}/readyz`)).toString())).toMatchObject({ ready: true })
    const again = await Promise.all(unanswered.map((key) => send(service.url, key)))
    expect(again.map((answer) => answer.status)).toEqual(unanswered.map(() => 201))
    const asked = await Promise.all(again.map(async (answer) => (await answer.json()) as { id: string }))
    const marie = openCaller(service.url, token)
    for (const { id, position } of acknowledged)
      expect(await marie.get(`/entities/${id}?minPosition=${position}`)).toMatchObject({
        status: 'verified',
      })
    await service.stop()

    const store = await openEmbeddedStore({ path: join(site.dataDir, 'ledger'), readOnly: true })
    const found: string[] = []
    const positions: string[] = []
    for await (const { stream, revision, position } of store.readAll())
      if (stream.startsWith('entity-')) {
        found.push(`${stream} ${revision}`)
        positions.push(`C:${position.commit}/P:${position.prepare}`)
      }
    await store.close()
    // Each once, in one event.
    expect(found.toSorted()).toEqual([...acknowledged, ...asked].map(({ id }) => `entity-${id} 0`).toSorted())
    expect(positions).toEqual(expect.arrayContaining(acknowledged.map(({ position }) => position)))
    expect(await verified()).toMatchObject({ found: 0, findings: [] })
  })

  it('custody that was taken from it: not ready, and the probe says which part', async () => {
    const service = await site.start(await site.onServer())
    const vault = join(site.dataDir, 'vault')
    for (const name of readdirSync(vault)) if (name.startsWith('lock')) rmSync(join(vault, name))
    const answer = await fetch(`${service.url}/readyz`)
    await service.stop()
    expect([answer.status, await answer.json()]).toMatchObject([503, { checks: { custody: 'out of reach' } }])
  })

  it('CGU-116, RGS A2 V.4: a ledger that is older than the vault is taken up by no start, until somebody accepts it', async () => {
    const parts = ['ledger', 'readmodels'].map((name) => [join(site.dataDir, name), site.file(name)] as const)
    const newest = await verified()
    for (const [here, away] of parts) renameSync(here, away)
    try {
      cpSync(site.file('older'), join(site.dataDir, 'ledger'), { recursive: true })
      const refused = await site.run(['start'])
      expect([refused.status, refused.stderr]).toEqual([
        3,
        expect.stringContaining('the ledger is older than the vault'),
      ])
      const accept = (other: Partial<Head>) => {
        const { size, root } = { ...head, ...other }
        return site.run(['ledger', 'accept', '--head', `${size}:${root}`])
      }
      for (const other of [newest, { root: 'none' }]) expect((await accept(other)).status).toBe(2)
      const { status, stdout } = await accept({})
      expect([status, stdout]).toEqual([0, expect.stringContaining(`the ledger of ${head.size} events`)])
      expect(stdout).toMatch(/^[0-9a-f]{16} +1$/m)
      await (await site.start(await site.onServer())).stop()
      expect(await verified()).toMatchObject({ size: head.size, root: head.root, found: 0 })
    } finally {
      for (const [here, away] of parts) {
        rmSync(here, { recursive: true, force: true })
        renameSync(away, here)
      }
    }
  })

  it('on SIGTERM /readyz says 503, requests are still answered; a second signal ends it at once: status 1', async () => {
    const service = await site.start({ ...(await site.onServer()), DRAIN_SECONDS: '200' })
    const [before, metrics] = [
      await fetch(`${service.url}/readyz`),
      (await download(`${service.url}/metrics`)).toString(),
    ]
    const end = service.stop()
    let ready = before
    while (ready.status === 200) ready = await fetch(`${service.url}/readyz`)
    expect([before.status, ready.status]).toEqual([200, 503])
    expect(await ready.json()).toMatchObject({ checks: { service: 'is being stopped', ledger: true } })
    expect((await download(`${service.url}/livez`)).toString()).toBe('{"alive":true}')
    expect(metrics).toMatch(/^process_resident_memory_bytes \d+$/m)
    expect(metrics).toContain('igc_alarm{alarm="disk"}')
    await service.stop()
    expect((await end).status).toBe(1)
  })

  it('a port that is in use: status 3, and everything is closed again', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const { status, stderr } = await site.run(['start'], { ...(await site.onServer()), PORT: String(port) })
    other.close()
    expect([status, stderr]).toEqual([3, `listen EADDRINUSE: address already in use 127.0.0.1:${port}\n`])
    expect(readdirSync(join(site.dataDir, 'vault')).filter((name) => name.startsWith('lock'))).toEqual([])
  })

  it('CGU-70: parameters changed under the same version of the policy: status 2, said in a sentence', async () => {
    const tries = { ...(site.policy['card'] as object), pinTries: 5 }
    const env = { ...(await site.onServer()), ...withPolicy({ card: tries }) }
    const { status, stderr } = await site.run(['start'], env)
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^the policy file has other parameters than those adopted as version \d+: pinTries is 5 and was 3; give the changed file a new version, or restore what it said\n$/,
      ),
    ])
    expect(await verified()).toMatchObject({ found: 0, findings: [] })
  })

  it('RGS A2 XI: another passphrase opens nothing: status 3', async () => {
    const { status, stderr } = await site.run(['start'], { GRAND_LIVRE_PASSPHRASE: 'not the one of before' })
    expect([status, stderr]).toEqual([3, 'this is not the passphrase that the keys were protected with\n'])
  })
})

const tokenSettings = {
  PKCS11_MODULE: '/usr/lib/softhsm/libsofthsm2.so',
  ...{ PKCS11_CA_TOKEN: 'authorities', PKCS11_CA_PIN: '246813579' },
  ...{ PKCS11_ESCROW_TOKEN: 'escrow', PKCS11_ESCROW_PIN: '975318642' },
}

describe('settings that do not fit: status 2, the setting named, and nothing made', () => {
  it.each<[string, string, () => Record<string, string>]>([
    [
      'CGU-106: a CRL every 25 hours',
      'POLICY_FILE: the policy file is not valid: /crl/everyHours ',
      () => withPolicy({ crl: { ...(site.policy['crl'] as object), everyHours: 25 } }),
    ],
    ['no policy', 'POLICY_FILE: cannot be read: ', () => ({ POLICY_FILE: site.file('none.json') })],
    [
      'RGS B1: production on keys that are too weak for it',
      'POLICY_FILE: the policy file is not valid: /ocsp/algorithm must be rsa4096 or ecP384 in production',
      () => withPolicy(anchored()),
    ],
    [
      'CGU-46: production without the key of a security officer',
      'POLICY_FILE: the policy file is not valid: /escrow/approvalAnchors must name the key of a security officer in production: ',
      () => withPolicy({ environment: 'production' }),
    ],
    [
      'RGS A2 XI.2: production on software keys',
      'environment: production refuses software keys',
      () => inProduction(),
    ],
    [
      'RGS A2 XII.1: production on cards in software',
      'environment: production refuses test cards: CARD_DRIVER is software, and has to be pcsc',
      () => ({ ...inProduction(), ...tokenSettings }),
    ],
    [
      'RGS A2 XII.1: production on SoftHSM2 tokens as cards',
      'environment: production refuses test cards: CARD_DRIVER is token, and has to be pcsc',
      () => ({ ...inProduction(), ...tokenSettings, CARD_DRIVER: 'token' }),
    ],
    [
      'RGS A2 XI.2: a module without its tokens',
      'PKCS11_CA_TOKEN: is needed, as PKCS11_MODULE is set',
      () => ({ ...tokenSettings, PKCS11_CA_TOKEN: '' }),
    ],
    [
      'CGU-01: another text than the policy’s',
      'CGU_FILE: ',
      () => ({ CGU_FILE: site.file('accounts.json') }),
    ],
    [
      'a proxy that is no address',
      'TRUSTED_PROXIES: 10.0.0.0/99 ',
      () => ({ TRUSTED_PROXIES: '10.0.0.0/99' }),
    ],
    ['a secret that is empty', 'DATABASE_URL_FILE: is empty: ', () => ({ DATABASE_URL_FILE: '/dev/null' })],
    ['a secret that is not there', 'LEDGER_URL_FILE: ', () => ({ LEDGER_URL_FILE: site.file('none') })],
    ['a data directory without a name', 'DATA_DIR: is empty', () => ({ DATA_DIR: '' })],
    ['a policy without a name', 'POLICY_FILE: is empty', () => ({ POLICY_FILE: '' })],
    ['conditions of use without a name', 'CGU_FILE: is empty', () => ({ CGU_FILE: ' ' })],
    ['a host without a name', 'HOST: is empty', () => ({ HOST: '' })],
    ['a port that is none', 'PORT: x is not a port', () => ({ PORT: 'x' })],
  ])('%s', async (_, message, env) => {
    const dataDir = site.file(randomUUID())
    const { status, stdout, stderr } = await site.run(['start', '--json'], { DATA_DIR: dataDir, ...env() })
    const { error, message: said } = JSON.parse(stderr) as { error: string; message: string }
    expect([status, stdout, error, said.slice(0, message.length)]).toEqual([2, '', 'ConfigFault', message])
    expect(() => statSync(dataDir)).toThrow('ENOENT')
  })
})
