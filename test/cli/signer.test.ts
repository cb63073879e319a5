// `grand-livre signer` beside a service that is its client: the one has the keys, the other has the port.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSite, type Env, type Running, type Site } from './grandLivre.ts'

const isServed = process.env['TEST_POSTGRES_URL'] !== undefined

type Ready = Readonly<{ ready: boolean; checks: Readonly<Record<string, unknown>> }>

describe.skipIf(!isServed)('a signer process (needs npm test)', () => {
  let site: Site
  /** Of the signer, and of what asks it. */
  let [own, asks]: readonly [Env, Env] = [{}, {}]
  let signer: Running
  let service: Running
  beforeAll(async () => {
    site = openSite()
    const database = await site.onServer()
    own = { DATA_DIR: site.file('custody'), ...database }
    asks = { ...database, SIGNER_SOCKET: site.file('custody/signer/custody.sock') }
    signer = await site.start(own, 'signer')
    service = await site.start(asks)
  })
  afterAll(() => site.close())

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
  })
})
