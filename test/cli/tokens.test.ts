// The service with its keys on PKCS#11 tokens: one life, its signer processes killed, and what it refuses to start with.
import { execFile } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { download } from '../../cli/demo/client.ts'
import { openssl } from '../../cli/demo/openssl.ts'
import { openDevice, type Device } from '../hsm/deviceStrike.ts'
import { environmentOf, openTokens, pins, type Tokens } from '../hsm/tokens.ts'
import { openSite, type Env, type Running, type Site } from './grandLivre.ts'
import { liveTwice } from './life.ts'

const stem = 'ac-confidentialite-mef-qualifiee'
const run = promisify(execFile)

type Exported = Readonly<{ stream: string; type: string; body: { pub: Record<string, unknown> } }>

let site: Site
let tokens: Tokens
let database: Env
let device: Device
let service: Running
let life: Awaited<ReturnType<typeof liveTwice>>
let second = ''

const onTokens = (more: Env = {}): Env => ({ ...environmentOf(tokens), ...database, ...more })

beforeAll(async () => {
  site = openSite()
  tokens = await openTokens()
  database = await site.onServer()
  device = openDevice(tokens.directory)
  service = await site.start(onTokens(device.env))
  life = await liveTwice(site, service)
  for (const name of ['ac-racine-mef-qualifiee', stem])
    writeFileSync(site.file(`${name}.cer`), await download(`${service.url}/${name}.cer`))
})
afterAll(async () => {
  await site.close()
  await tokens.remove()
})

/** What OpenSSL makes of the responder's answer for the certificate. */
const statusOf = async ({ url }: Running): Promise<string> => {
  const authorities = ['-issuer', `${stem}.cer`, '-CAfile', 'chain.pem']
  const pem = async (name: string) => openssl(site.file(''), 'x509', '-in', `${name}.cer`)
  writeFileSync(site.file('chain.pem'), `${await pem('ac-racine-mef-qualifiee')}\n${await pem(stem)}\n`)
  const asked = ['-serial', `0x${life.serial}`, '-url', `${url}/ac-online-mef-qualifiees/`]
  return openssl(site.file(''), 'ocsp', ...authorities, ...asked)
}

/** The signer processes of a service. */
const signersOf = async ({ pid }: Running): Promise<readonly number[]> => {
  const { stdout } = await run('ps', ['-o', 'pid=,args=', '--ppid', String(pid)])
  return stdout
    .split('\n')
    .filter((line) => line.includes('/pkcs11/process.'))
    .map((line) => Number.parseInt(line, 10))
}

type Ready = Readonly<{ ready: boolean; checks: Readonly<Record<string, true | string>> }>
const ready = async ({ url }: Running): Promise<Ready> =>
  (await fetch(`${url}/readyz`)).json() as Promise<Ready>

/** What `/readyz` says of the keys once it answers 503; no secret is in it. */
const unready = (sentence: RegExp): Promise<void> =>
  vi.waitFor(async () => {
    const answer = await fetch(`${service.url}/readyz`)
    const { checks } = (await answer.json()) as Ready
    expect([answer.status, checks['keys']]).toEqual([503, expect.stringMatching(sentence)])
    expect(JSON.stringify(checks)).not.toMatch(/246813579|975318642/)
  }, patience)
/** Nobody does anything but wait. */
const readyAgain = (): Promise<void> =>
  vi.waitFor(async () => expect(await ready(service)).toMatchObject({ ready: true }), patience)
const patience = { timeout: 90_000, interval: 150 }

/** Moves a token away while `act` runs, and back. */
const withoutToken = async (label: string, act: () => Promise<void>): Promise<void> => {
  const [folder, away] = [await tokens.folder(label), join(tokens.directory, 'away')]
  renameSync(folder, away)
  try {
    await act()
  } finally {
    renameSync(away, folder)
  }
}

describe('keys on tokens', () => {
  it('CGU-38, CGU-60, RGS A2 XI: a life from request to revocation, each key of an authority made on its token', async () => {
    expect(await ready(service)).toMatchObject({ ready: true, checks: { keys: true } })
    expect(await statusOf(service)).toMatch(/revoked[^]*Response verify OK/)
  })

  it('CGU-76: signer processes that are killed are started again, and what is asked meanwhile is signed', async () => {
    const before = await signersOf(service)
    expect(before).toHaveLength(2)
    for (const pid of before) process.kill(pid, 'SIGKILL')
    const answers = await Promise.all(Array.from({ length: 4 }, () => statusOf(service)))
    for (const answer of answers) expect(answer).toMatch(/revoked[^]*Response verify OK/)
    expect(await ready(service)).toMatchObject({ ready: true, checks: { keys: true } })
    const after = await signersOf(service)
    expect(after).toHaveLength(2)
    expect(after.filter((pid) => before.includes(pid))).toEqual([])
  })

  it('CGU-76: a token that is moved away: /readyz says which, what needs it is refused; moved back, all goes on and nothing is made twice', async () => {
    await withoutToken('authorities', async () => {
      await unready(/^token of the authorities \(authorities\): .*the token is not there$/)
      await expect(statusOf(service)).rejects.toThrow(/trylater/)
      expect(await life.next.refused()).toBe('CUSTODY_UNAVAILABLE')
    })
    await readyAgain()
    expect(await statusOf(service)).toMatch(/revoked[^]*Response verify OK/)
    await withoutToken('escrow', async () => {
      await unready(/^token of the escrow \(escrow\): .*the token is not there$/)
      // The authority has its own, and goes on.
      expect(await statusOf(service)).toMatch(/revoked[^]*Response verify OK/)
    })
    await readyAgain()
    second = await life.next.issue()
  })

  it('hsm.md 7: CKR_DEVICE_ERROR, a login or a session that is gone: healed while it is asked; where that does not help, /readyz says so', async () => {
    for (const how of ['before', 'after', 'loggedOut', 'closed'] as const)
      for (const call of ['C_SignInit', 'C_SignAsync']) {
        await device.strike({ call, how })
        expect([call, how, await statusOf(service)]).toEqual([
          call,
          how,
          expect.stringMatching(/revoked[^]*Response verify OK/),
        ])
        expect([call, how, await device.left()]).toEqual([call, how, 0])
      }
    expect(await ready(service)).toMatchObject({ ready: true, checks: { keys: true } })
    await device.strike({ call: 'C_SignInit', how: 'before' }, 1000)
    await unready(/^token of the authorities \(authorities\): .*CKR_DEVICE_ERROR/)
    await expect(statusOf(service)).rejects.toThrow(/trylater/)
    await device.strike({ call: 'C_SignInit', how: 'before' }, 0)
    await readyAgain()
    expect(await statusOf(service)).toMatch(/revoked[^]*Response verify OK/)
  })

  it('EN 319 411-1 GEN-6.5.2: a token that is initialised anew: /readyz says so and nothing is signed, also once the copy is back: somebody has to look', async () => {
    const [folder, copy] = [await tokens.folder('authorities'), join(tokens.directory, 'copy')]
    cpSync(folder, copy, { recursive: true })
    await tokens.initAgain('authorities', pins.ca)
    const sentence =
      /^token of the authorities \(authorities\): the token is not the one that this installation began with: its canary is gone$/
    await unready(sentence)
    await expect(statusOf(service)).rejects.toThrow(/trylater/)
    rmSync(folder, { recursive: true })
    cpSync(copy, folder, { recursive: true })
    // Its processes are started anew, and it stays so.
    for (const pid of await signersOf(service)) process.kill(pid, 'SIGKILL')
    await expect(statusOf(service)).rejects.toThrow(/trylater/)
    await unready(sentence)
  })

  it('RGS A2 XI, CGU-112: the minutes name module and token; PINs are in no file, and what was signed verifies', async () => {
    const { stderr } = await service.stop()
    const env = onTokens()
    expect(stderr).not.toMatch(/246813579|975318642/)
    // RGS A2 V.4: no fault has had a signature lost or made twice.
    expect(await site.json(['custody', 'reconcile'], env)).toMatchObject({ reconciled: true })
    const exported = await site.run(['ledger', 'export'], env)
    const events = exported.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Exported)
    // The first certificate is the responder's own: of each that was asked for there is one, its key once in escrow, and one revocation.
    const streams = (type: string) => events.filter((one) => one.type === type).map(({ stream }) => stream)
    expect(streams('CertificateIssued').slice(1)).toEqual(
      [life.serial, second].map((sn) => `certificate-${sn}`),
    )
    expect(streams('KeyEscrowed')).toHaveLength(2)
    expect(streams('CertificateRevoked')).toEqual([`certificate-${life.serial}`])
    const made = events.filter(({ type }) => type === 'ServiceKeyGenerated').map(({ body }) => body.pub)
    expect(made).toHaveLength(4)
    for (const pub of made)
      expect(pub).toMatchObject({
        module: expect.stringMatching(/^[A-Za-z0-9._-]+\.\d+$/) as string,
        token: expect.stringMatching(/^(authorities|escrow)\.[0-9a-f]+$/) as string,
      })
    expect(await site.json(['ledger', 'verify'], env)).toMatchObject({ found: 0, closed: 0 })
    const written = readdirSync(site.dataDir, { recursive: true, withFileTypes: true }).filter((one) =>
      one.isFile(),
    )
    for (const { parentPath, name } of written)
      expect(readFileSync(join(parentPath, name)).toString('latin1')).not.toMatch(/246813579|975318642/)
  })
})

describe('what it does not start with: status 3, and a sentence', () => {
  let combinedPin = ''
  /** As an officer does it, by a tool that is not ours. */
  const changePin = (from: string, to: string) =>
    run(
      'pkcs11-tool',
      [
        ...['--module', tokens.module, '--token-label', 'escrow', '--login', `--pin=${from}`],
        ...['--change-pin', `--new-pin=${to}`],
      ],
      { env: { ...process.env, ...tokens.env } },
    )

  it.each([
    ['a PIN that is refused', () => onTokens({ PKCS11_CA_PIN: '999999999' }), /CKR_PIN_INCORRECT/],
    ['keys in software', () => database, /the keys of this data directory are on PKCS#11 tokens/],
  ])('RGS A2 XI: %s', async (_, env, sentence) => {
    const { status, stderr } = await site.run(['start'], env())
    expect([status, stderr]).toEqual([3, expect.stringMatching(sentence)])
    expect(stderr).not.toMatch(/246813579|975318642|999999999/)
  })

  it('RGS A2 XI: tokens for a data directory that has its keys in software', async () => {
    const elsewhere = { ...(await site.onServer()), DATA_DIR: site.file('software') }
    await site.killAt('root certificate', elsewhere)
    const { status, stderr } = await site.run(['start'], { ...onTokens(), ...elsewhere })
    expect([status, stderr]).toEqual([3, expect.stringMatching(/has|are in software/)])
  })

  it('CGU-46, RGS A2 XI: the PIN of the escrow’s token, split two of three and set on it: one share opens nothing, two start the service, and everything is as it was', async () => {
    const here = site.file('')
    const officers = ['paul', 'lea', 'noe']
    for (const name of officers)
      await openssl(
        ...[here, 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-subj', `/CN=${name}`, '-addext', 'keyUsage=critical,keyAgreement', '-days', '30'],
        ...['-keyout', `${name}.key`, '-out', `${name}.pem`],
      )
    const to = officers.flatMap((name) => ['--to', site.file(`${name}.pem`)])
    const [drawn, out] = [site.file('drawn'), site.file('combined')]
    const pin = ['custody', 'pin']
    await site.json([
      ...pin,
      'split',
      '--threshold',
      '2',
      '--out',
      site.file('shares'),
      ...to,
      '--pin-out',
      drawn,
    ])
    combinedPin = readFileSync(drawn, 'utf8').trim()
    rmSync(drawn)
    await changePin(pins.escrow, combinedPin)
    // Who set the token up knows a PIN that it takes no more.
    await expect(changePin(pins.escrow, pins.escrow)).rejects.toThrow(/CKR_PIN_INCORRECT/)
    const opened = await Promise.all(
      officers.map(async (name, i) => {
        const [share, certificate] = [`shares/share-${i + 1}.p7m`, `${name}.pem`]
        await openssl(
          ...[here, 'cms', '-decrypt', '-binary', '-inform', 'DER', '-in', share],
          ...['-inkey', `${name}.key`, '-recip', certificate, '-out', `${name}.json`],
        )
        return site.file(`${name}.json`)
      }),
    )
    const alone = await site.run([...pin, 'combine', opened[1]!, '--out', out], database)
    expect([alone.status, alone.stderr]).toEqual([1, expect.stringContaining('SHARES_TOO_FEW: 1 of the 2')])
    expect(existsSync(out)).toBe(false)

    const { PKCS11_ESCROW_PIN: _, ...without } = onTokens()
    const administrator = await site.run(['start'], without)
    expect([administrator.status, administrator.stderr]).toEqual([
      2,
      expect.stringContaining('PKCS11_ESCROW_PIN'),
    ])
    const together = await site.run([...pin, 'combine', opened[2]!, opened[0]!, '--out', out], database)
    expect([together.status, together.stderr]).toEqual([0, ''])
    service = await site.start({ ...without, PKCS11_ESCROW_PIN_FILE: out })
    rmSync(out)
    expect(await ready(service)).toMatchObject({ ready: true, checks: { keys: true } })
    expect(await statusOf(service)).toMatch(/revoked[^]*Response verify OK/)
    for (const { stdout, stderr } of [alone, administrator, together])
      for (const each of [combinedPin, pins.escrow]) expect(`${stdout} ${stderr}`).not.toContain(each)
  })

  it('RGS A2 XI: a PIN that is another one by the time that a signer process is started again: /readyz says so, and the authority goes on', async () => {
    await changePin(combinedPin, pins.escrow)
    for (const pid of await signersOf(service)) process.kill(pid, 'SIGKILL')
    await unready(/^token of the escrow \(escrow\): .*CKR_PIN_INCORRECT$/)
    expect(await statusOf(service)).toMatch(/revoked[^]*Response verify OK/)
    const { status, stderr } = await service.stop()
    expect(status).toBe(0)
    expect(stderr).not.toContain(combinedPin)
    // Whoever starts it again has it named, and no token has its tries counted down.
    expect(existsSync(join(site.dataDir, 'keys/pkcs11.json.refused-escrow'))).toBe(true)
  })
})
