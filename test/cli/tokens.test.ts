// The service with its keys on PKCS#11 tokens: one life, its signer processes killed, and what it refuses to start with.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { download } from '../../cli/demo/client.ts'
import { openssl } from '../../cli/demo/openssl.ts'
import { environmentOf, openTokens, type Tokens } from '../hsm/tokens.ts'
import { openSite, type Env, type Running, type Site } from './grandLivre.ts'
import { live } from './life.ts'

const stem = 'ac-confidentialite-mef-qualifiee'
const run = promisify(execFile)

type Exported = Readonly<{ stream: string; type: string; body: { pub: Record<string, unknown> } }>

let site: Site
let tokens: Tokens
let database: Env
let service: Running
let serial: string

const onTokens = (more: Env = {}): Env => ({ ...environmentOf(tokens), ...database, ...more })

beforeAll(async () => {
  site = openSite()
  tokens = await openTokens()
  database = await site.onServer()
  service = await site.start(onTokens())
  serial = await live(site, service)
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
  const asked = ['-serial', `0x${serial}`, '-url', `${url}/ac-online-mef-qualifiees/`]
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

const ready = async ({ url }: Running): Promise<unknown> => (await fetch(`${url}/readyz`)).json()

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

  it('RGS A2 XI, CGU-112: the minutes name module and token; PINs are in no file, and what was signed verifies', async () => {
    const { stderr } = await service.stop()
    const env = onTokens()
    expect(stderr).not.toMatch(/246813579|975318642/)
    const exported = await site.run(['ledger', 'export'], env)
    const events = exported.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Exported)
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

  it('RGS A2 XI: the same tokens with the right PIN again: everything is as it was', async () => {
    const again = await site.start(onTokens())
    expect(await ready(again)).toMatchObject({ ready: true, checks: { keys: true } })
    expect(await statusOf(again)).toMatch(/revoked[^]*Response verify OK/)
    await again.stop()
  })
})
