// `grand-livre signer` beside a service that is its client: the one has the keys, on tokens, the other has the port.
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openDevice, type Device } from '../hsm/deviceStrike.ts'
import { environmentOf, openTokens, type Tokens } from '../hsm/tokens.ts'
import { giveMaster } from '../support/cheapMaster.ts'
import { openSite, type Env, type Running, type Site } from './grandLivre.ts'
import { pending } from './life.ts'

const isServed = process.env['TEST_POSTGRES_URL'] !== undefined

type Ready = Readonly<{ ready: boolean; checks: Readonly<Record<string, unknown>> }>

type Exported = Readonly<{ stream: string; type: string }>

describe.skipIf(!isServed)('a signer process (needs npm test)', () => {
  let site: Site
  let tokens: Tokens
  let device: Device
  /** Of the signer, and of what asks it. */
  let [own, asks]: readonly [Env, Env] = [{}, {}]
  let signer: Running
  let serial = ''
  let service: Running
  beforeAll(async () => {
    site = openSite()
    const database = await site.onServer()
    tokens = await openTokens()
    device = openDevice(tokens.directory)
    giveMaster(site.file('custody'))
    own = { DATA_DIR: site.file('custody'), ...database, ...environmentOf(tokens), ...device.env }
    asks = { ...database, SIGNER_SOCKET: site.file('custody/signer/custody.sock') }
    signer = await site.start(own, 'signer')
    service = await site.start(asks)
  })
  afterAll(async () => {
    await site.close()
    await tokens.remove()
  })

  const ready = async (): Promise<Ready> => (await (await fetch(`${service.url}/readyz`)).json()) as Ready
  const until = (isReady: boolean): Promise<unknown> =>
    vi.waitFor(async () => expect((await ready()).ready).toBe(isReady), { timeout: 120_000, interval: 200 })

  it('RGS A2 XI: the service has neither keys nor vault nor passphrase; a second signer is refused', async () => {
    await until(true)
    for (const name of ['keys', 'vault', 'cards', 'passphrase'])
      expect([name, existsSync(join(site.dataDir, name))]).toEqual([name, false])
    expect(await site.run(['signer'], own)).toMatchObject({ status: 3 })
    expect(await site.json(['signer', '--check'], asks)).toMatchObject({ health: true })
  })

  it('RGS A2 XI: a token behind it that is moved away: the /readyz of the service says which; moved back, it is ready without anybody', async () => {
    const [folder, away] = [await tokens.folder('authorities'), join(tokens.directory, 'away')]
    renameSync(folder, away)
    await until(false)
    expect((await ready()).checks).toMatchObject({
      ...{ ledger: true, custody: true },
      keys: expect.stringMatching(
        /^token of the authorities \(authorities\): .*the token is not there$/,
      ) as string,
    })
    renameSync(away, folder)
    await until(true)
  })

  it('CGU-38: killed with a certificate signed and not yet handed over, and started again: it is asked for once more, and is one', async () => {
    const request = await pending({ ...site, json: (args) => site.json(args, asks) }, service)
    // What an authority signs with its key of P-384, and nothing else does.
    await device.strike({ call: 'C_SignAsync', how: 'orphaned', mechanism: pkcs11js.CKM_ECDSA, octets: 48 })
    expect(await request.refused()).toBe('CUSTODY_UNAVAILABLE')
    expect(await device.left()).toBe(0)
    await until(false)
    signer = await site.start(own, 'signer')
    await until(true)
    serial = await request.issue()
  })

  it('killed and started again: the service says what is out of reach, goes on by itself, and every signature is accounted for', async () => {
    await signer.kill()
    await until(false)
    expect((await ready()).checks).toMatchObject({ ledger: true, custody: 'out of reach' })
    expect(await site.run(['signer', '--check'], asks)).toMatchObject({ status: 3 })
    signer = await site.start(own, 'signer')
    await until(true)
    expect(await site.json(['custody', 'reconcile'], asks)).toMatchObject({ reconciled: true })
    expect((await service.stop()).status).toBe(0)
    expect(await signer.stop()).toMatchObject({ status: 0, stderr: '' })
    expect(existsSync(site.file('custody/signer/custody.sock'))).toBe(false)
    const { stdout } = await site.run(['ledger', 'export'], asks)
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Exported)
    const streams = (type: string) => events.filter((one) => one.type === type).map(({ stream }) => stream)
    expect(streams('CertificateIssued').slice(1)).toEqual([`certificate-${serial}`])
    expect(streams('KeyEscrowed')).toHaveLength(1)
  })
})
