// Whatever happens to a token or to its signer process: it is noticed, nothing is made or signed twice, lost or wrong, and what heals
// without anybody does (hsm.md 7). SoftHSM2 is the module, and every process is a real one.
import { fork } from 'node:child_process'
import {
  constants as padding,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
} from 'node:crypto'
import { once } from 'node:events'
import { copyFile, readdir, readFile, rename, stat } from 'node:fs/promises'
import { constants, getPriority } from 'node:os'
import { join } from 'node:path'
import pkcs11js from 'pkcs11js'
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest'
import { settings } from '../../cli/settings.ts'
import { sha256 } from '../../hsm/digest.ts'
import { openUnder, withoutPadding } from '../../hsm/keyWrap.ts'
import { openPkcs11Keys } from '../../hsm/pkcs11.ts'
import { openSignerClient, type SignerClient } from '../../hsm/pkcs11/client.ts'
import { goInside } from '../../hsm/pkcs11/inside.ts'
import { show } from '../../host/presence.ts'
import { openDevice, type Device, type Strike } from './deviceStrike.ts'
import {
  faultOf,
  folderOf,
  freshClient,
  freshKeys,
  freshTokens,
  inModule,
  killAndWait,
  kindOf,
  signsWith,
  thrown,
  uuid,
} from './faults.ts'
import { openTokens, pins, settingsOf, type Tokens } from './tokens.ts'

type Count = Readonly<{ privateKeys: number; publicKeys: number; secretKeys: number }>
const wrongPin = '111213141'

// Each opening starts two processes, and stretches what is remembered of a PIN.
vi.setConfig({ testTimeout: 240_000 })

afterAll(() => {
  // RGS A2 XI: what is logged of a fault has no PIN and no key.
  for (const text of thrown)
    for (const secret of [pins.ca, pins.escrow, wrongPin]) expect(text).not.toContain(secret)
})

const setEnvironment = (name: string, value: string): void => {
  const before = process.env[name]
  process.env[name] = value
  onTestFinished(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, name)
    else process.env[name] = before
  })
}

describe('the PIN', () => {
  it('hsm.md 7: a wrong one is tried once, however often and by whichever process it is asked for', async () => {
    const tokens = await freshTokens()
    const logins = join(tokens.directory, 'logins')
    setEnvironment('GRAND_LIVRE_TEST_LOGINS', logins)
    setEnvironment('NODE_OPTIONS', `--import ${join(import.meta.dirname, 'countLogins.js')}`)
    const tried = async (): Promise<number> => (await readFile(logins, 'utf8')).split('\n').length - 1

    const client = openSignerClient({ ...settingsOf(tokens).ca, pin: wrongPin })
    onTestFinished(client.close)
    const asked = [client.ask('token', {}), client.ask('health', {}), client.ask('find', { id: uuid(1) })]
    for (const one of asked) expect(await kindOf(one)).toBe('pin')
    expect(await tried()).toBe(1)
    expect(await kindOf(client.ask('token', {}))).toBe('pin')
    await killAndWait(client)
    expect(await kindOf(client.ask('token', {}))).toBe('pin')
    expect(client.pid()).toBeUndefined()
    expect(await tried()).toBe(1)

    expect(await kindOf(openPkcs11Keys(settingsOf(tokens, { escrowPin: wrongPin })))).toBe('pin')
    expect(await tried()).toBe(3)
  })

  it('RGS A2 XI: one that was refused is not tried by the next start either, so that no token locks; another one is, and it is forgotten', async () => {
    const tokens = await freshTokens()
    const logins = join(tokens.directory, 'logins')
    setEnvironment('GRAND_LIVRE_TEST_LOGINS', logins)
    setEnvironment('NODE_OPTIONS', `--import ${join(import.meta.dirname, 'countLogins.js')}`)
    const tried = async (): Promise<number> => (await readFile(logins, 'utf8')).split('\n').length - 1
    const remembered = join(tokens.directory, 'pkcs11.json.refused-ca')
    const wrong = settingsOf(tokens, { caPin: wrongPin })

    expect(await kindOf(openPkcs11Keys(wrong))).toBe('pin')
    expect(await tried()).toBe(1)
    for (let start = 0; start < 2; start += 1) {
      const fault = await faultOf(openPkcs11Keys(wrong))
      expect(fault.kind).toBe('pin')
      expect(fault.message).toMatch(/refused this PIN before.*remove pkcs11\.json\.refused-ca$/)
    }
    expect(await tried()).toBe(1)
    expect((await stat(remembered)).mode & 0o777).toBe(0o600)
    expect(await readFile(remembered, 'utf8')).not.toContain(wrongPin)

    // Another wrong one takes its place, and is tried once as well; the right one has both tokens opened.
    const others = settingsOf(tokens, { caPin: `${wrongPin}9` })
    for (let start = 0; start < 2; start += 1) expect(await kindOf(openPkcs11Keys(others))).toBe('pin')
    expect(await tried()).toBe(2)
    expect(await (await freshKeys(tokens)).health()).toBe(true)
    expect(await tried()).toBe(4)
    await expect(stat(remembered)).rejects.toThrow('ENOENT')
  })

  it('RGS A2 XI: one that was refused is tried once where that cannot be remembered, and the fault says so', async () => {
    const tokens = await freshTokens()
    const logins = join(tokens.directory, 'logins')
    setEnvironment('GRAND_LIVRE_TEST_LOGINS', logins)
    setEnvironment('NODE_OPTIONS', `--import ${join(import.meta.dirname, 'countLogins.js')}`)
    const tried = async (): Promise<number> => (await readFile(logins, 'utf8')).split('\n').length - 1
    // Nobody can write there, root neither: there is no such directory.
    const refusedPin = join(tokens.directory, 'gone', 'refused-ca')
    const client = openSignerClient({ ...settingsOf(tokens).ca, pin: wrongPin, refusedPin })
    onTestFinished(client.close)
    const fault = await faultOf(client.ask('token', {}))
    expect([fault.kind, fault.message]).toEqual([
      'pin',
      expect.stringMatching(/CKR_PIN_INCORRECT; that could not be remembered \(ENOENT\)/),
    ])
    // Neither this process nor the next one of this service: what is left alone for a while is `waiting`.
    expect(await kindOf(client.ask('health', {}))).toBe('pin')
    await killAndWait(client)
    expect(await kindOf(client.ask('token', {}))).toBe('pin')
    expect(await tried()).toBe(1)
  })

  it('RGS A2 XI: a signer process is told its PIN, and no secret is in its environment or on its command line', async () => {
    setEnvironment('GRAND_LIVRE_PASSPHRASE', 'correct cheval batterie agrafe')
    setEnvironment('PKCS11_CA_PIN', pins.ca)
    const secrets = settings.filter(({ secret }) => secret !== undefined).map(({ name }) => name)
    expect(secrets).toContain('DATABASE_URL')
    for (const name of secrets.filter((one) => !(one in process.env)))
      setEnvironment(name, 'proto://nom:mot-de-passe@serveur')
    // What a module is told of its own passes, whoever made it.
    setEnvironment('CS_PKCS11_R2_CFG', '/etc/utimaco.cfg')
    const tokens = await freshTokens()
    const client = await freshClient(tokens)
    const of = (name: string) => readFile(`/proc/${client.pid()}/${name}`, 'latin1').catch(() => '')
    const seen = `${await of('environ')} ${await of('cmdline')}`
    expect(seen).not.toContain(pins.ca)
    expect(seen).not.toContain('correct cheval')
    expect(seen).not.toContain('mot-de-passe')
    expect(secrets.filter((name) => seen.includes(`${name}=`))).toEqual([])
    expect(seen).toContain('CS_PKCS11_R2_CFG=/etc/utimaco.cfg')
    expect(seen).toContain(`SOFTHSM2_CONF=${tokens.env.SOFTHSM2_CONF}`)
  })
})

describe('a signer process that ends', () => {
  it('in the middle of many acts: each comes to its end, every signature verifies, each id has one key', async () => {
    const tokens = await freshTokens()
    const client = await freshClient(tokens)
    const { spki } = await client.ask('generate', { id: uuid(1), label: 'signs', algorithm: 'ecP256' })
    const first = client.pid()
    let answered = 0
    const counted = <T>(act: Promise<T>): Promise<T> =>
      act.finally(() => {
        answered += 1
        if (answered === 30) process.kill(first!, 'SIGKILL')
      })
    const ids = Array.from({ length: 12 }, (_, i) => uuid(100 + i))
    const make = (id: string) => counted(client.ask('generate', { id, label: 'made', algorithm: 'ecP256' }))
    const signing = Array.from({ length: 200 }, (_, i) => counted(signsWith(client, uuid(1), spki, `${i}`)))
    const [one, two] = [ids.map(make), ids.map(make)]
    expect(new Set(await Promise.all(signing))).toEqual(new Set([true]))
    const made = await Promise.all(one)
    expect(await Promise.all(two)).toEqual(made)
    expect(client.pid()).not.toBe(first)
    // Its own thread and those that sign, one a session, go after those of the service.
    const priorities = (await readdir(`/proc/${client.pid()}/task`)).map((thread) =>
      getPriority(Number(thread)),
    )
    const lower = priorities.filter((priority) => priority === constants.priority.PRIORITY_BELOW_NORMAL)
    expect(lower.length).toBeGreaterThan(settingsOf(tokens).ca.sessions)
    for (const [i, id] of ids.entries()) {
      expect(await client.ask('find', { id })).toEqual(made[i])
      expect(await signsWith(client, id, made[i]!.spki, id)).toBe(true)
    }
    await client.close()
    const all = ids.length + 2
    expect(await inModule<Count>(settingsOf(tokens).ca, { act: 'count' })).toEqual({
      ...{ privateKeys: all, publicKeys: all, secretKeys: 0 },
    })
  })

  it('while nothing is asked of it: the next act starts another one', async () => {
    const keys = await freshKeys(await freshTokens())
    await keys.generate({ id: uuid(1), purpose: 'ca', algorithm: 'ecP256' })
    const signer = await keys.signer(uuid(1))
    const kek = await keys.kek('data-rec-2026')
    const [clear, before] = [randomBytes(32), keys.processes()]
    const blob = await kek.wrap(clear)
    for (let i = 0; i < 3; i += 1) await signer.sign(Buffer.from('tbs'))
    for (const pid of before) process.kill(pid, 'SIGKILL')
    expect(await signer.sign(Buffer.from('tbs'))).toBeDefined()
    // RGS A2 V.4: four have left. What the killed one had reserved is counted with them, and said.
    const { signatures, uncertain } = (await keys.signatures())[uuid(1)]!
    expect([signatures >= 4, signatures - uncertain <= 4, uncertain > 0]).toEqual([true, true, true])
    expect(await kek.unwrap(blob)).toEqual(clear)
    expect(await keys.health()).toBe(true)
    expect(keys.processes().filter((pid) => before.includes(pid))).toEqual([])
  })

  it('because an act takes longer than its patience: another process does it', async () => {
    // Longer than the next process takes to start on a busy machine.
    const client = await freshClient(await freshTokens(), {}, { patienceMs: 15_000 })
    const { spki } = await client.ask('generate', { id: uuid(1), label: 'patient', algorithm: 'ecP256' })
    const first = client.pid()!
    // A module that hangs: nothing of its process goes on.
    process.kill(first, 'SIGSTOP')
    const signing = Array.from({ length: 20 }, (_, i) => signsWith(client, uuid(1), spki, `${i}`))
    expect(new Set(await Promise.all(signing))).toEqual(new Set([true]))
    expect(client.pid()).not.toBe(first)
    expect(() => process.kill(first, 0)).toThrow('ESRCH')
  })
})

describe('an act that ends the process of its module', () => {
  it('hsm.md 7: what was under way beside it comes to its end; it is left alone, health says so, and the rest goes on', async () => {
    const tokens = await freshTokens()
    const device = openDevice(tokens.directory)
    for (const [name, value] of Object.entries(device.env)) setEnvironment(name, value)
    const keys = await freshKeys(tokens)
    const [signs, crashes] = [uuid(1), uuid(2)]
    const generate = (id: string) => keys.generate({ id, purpose: 'ca', algorithm: 'ecP256' })
    await generate(signs)
    const signer = await keys.signer(signs)
    await device.strike({ call: 'C_GenerateKeyPairAsync', how: 'dies' }, 1000)
    for (const next of ['stopped', 'stopped', 'waiting']) {
      const beside = Array.from({ length: 12 }, (_, i) => signer.sign(Buffer.from(`tbs ${i}`)))
      const before = await device.left()
      expect(await kindOf(generate(crashes))).toBe('stopped')
      // Twice, in a process of its own the second time; not once more.
      expect(await device.left()).toBe(before - 2)
      if (next === 'waiting') expect(await kindOf(generate(crashes))).toBe('waiting')
      expect(await Promise.all(beside)).toHaveLength(12)
    }
    // Each try has it left alone for longer, so that whoever looks sees it, however long a process takes to start.
    const looked = async () => {
      await generate(crashes).catch(() => undefined)
      await signer.sign(Buffer.from('tbs'))
      return keys.health()
    }
    const patience = { timeout: 60_000 }
    await expect.poll(looked, patience).toMatch(/left alone for a moment: the signer process ended/)
    await device.strike({ call: 'C_GenerateKeyPairAsync', how: 'dies' }, 0)
    const made = () =>
      generate(crashes).then(
        ({ spki }) => spki.length > 0,
        () => false,
      )
    await expect.poll(made, { timeout: 90_000 }).toBe(true)
    expect(await keys.health()).toBe(true)
  })
})

describe('a module that ends every process', () => {
  it('hsm.md 7: is tried a few times, whatever waits, and then left alone; once it works it is used again', async () => {
    const tokens = await freshTokens()
    const device = openDevice(tokens.directory)
    for (const [name, value] of Object.entries(device.env)) setEnvironment(name, value)
    const client = openSignerClient(settingsOf(tokens).ca)
    onTestFinished(client.close)
    await device.strike({ call: 'C_Login', how: 'dies' }, 1000)
    const asked = Array.from({ length: 20 }, (_, i) => kindOf(client.ask('find', { id: uuid(i) })))
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['stopped']))
    expect(await device.left()).toBe(1000 - 3)
    expect(await kindOf(client.ask('find', { id: uuid(1) }))).toBe('waiting')
    await device.strike({ call: 'C_Login', how: 'dies' }, 0)
    const found = () =>
      client.ask('find', { id: uuid(1) }).then(
        () => true,
        () => false,
      )
    await expect.poll(found, { timeout: 90_000 }).toBe(true)
  })
})

describe('a key whose signatures do not verify', () => {
  it('RGS A2 V.4: each is thrown away and counted so; after three it is left alone, health says so, and other keys sign', async () => {
    const tokens = await freshTokens()
    const device = openDevice(tokens.directory)
    for (const [name, value] of Object.entries(device.env)) setEnvironment(name, value)
    const keys = await freshKeys(tokens)
    const [spoilt, sound] = [uuid(1), uuid(2)]
    await keys.generate({ id: spoilt, purpose: 'ca', algorithm: 'ecP384' })
    await keys.generate({ id: sound, purpose: 'ocsp', algorithm: 'ecP256' })
    const sign = async (id: string) => (await keys.signer(id)).sign(Buffer.from('tbs'))
    await device.strike({ call: 'C_SignAsync', how: 'spoilt', octets: 48 }, 1000)
    for (const _ of [1, 2, 3]) await expect(sign(spoilt)).rejects.toThrow(/does not verify/)
    expect(await kindOf(sign(spoilt))).toBe('waiting')
    expect(await device.left()).toBe(1000 - 3)
    const looked = async () => {
      await sign(spoilt).catch(() => undefined)
      return keys.health()
    }
    const alone = /left alone for a moment: the key \S+ gave a signature that does not/
    await expect.poll(looked, { timeout: 60_000 }).toMatch(alone)
    expect(await sign(sound)).toBeDefined()
    const spent = 1000 - (await device.left())
    await device.strike({ call: 'C_SignAsync', how: 'spoilt', octets: 48 }, 0)
    const signed = () => sign(spoilt).then(Boolean, () => false)
    await expect.poll(signed, { timeout: 90_000 }).toBe(true)
    expect(await keys.health()).toBe(true)
    expect((await keys.signatures())[spoilt]).toEqual({ signatures: spent + 1, uncertain: spent })
  })
})

describe('the signer processes of a service that was killed', () => {
  it('hsm.md 7, RGS A2 V.4: are waited for: each key is there once, and no count is put back', async () => {
    const tokens = await freshTokens()
    const device = openDevice(tokens.directory)
    for (const [name, value] of Object.entries(device.env)) setEnvironment(name, value)
    const settings = settingsOf(tokens)
    const service = fork(join(import.meta.dirname, 'makeForever.ts'), [JSON.stringify(settings), uuid(1)], {
      execArgv: ['--import', 'tsx'],
    })
    onTestFinished(() => void service.kill('SIGKILL'))
    await once(service, 'message')
    // Longer than the next service takes to come to the same point.
    await device.strike({ call: 'C_GenerateKeyPairAsync', how: 'slow', ms: 6_000 })
    service.send('make')
    await expect.poll(() => device.left(), { timeout: 20_000 }).toBe(0)
    service.kill('SIGKILL')
    const keys = await freshKeys(tokens)
    const made = await keys.generate({ id: uuid(1), purpose: 'ca', algorithm: 'ecP256' })
    expect(await keys.describe(uuid(1))).toEqual(made)
    await keys.close()
    const both = { privateKeys: 2, publicKeys: 2, secretKeys: 0 }
    expect(await inModule<Count>(settings.ca, { act: 'count' })).toEqual(both)
  })

  it('hsm.md 7: one that shows itself under a name of a later hour is waited for as long as any other', async () => {
    const { directory } = await freshTokens()
    const place = join(directory, 'pkcs11.json.inside-ca')
    // Its clock was ahead, or ours was set back since.
    const withdraw = await show(directory, 'pkcs11.json.inside-ca.ffffffff-ffff-7fff-bfff-ffffffffffff')
    expect((await faultOf(goInside(place, 500))).message).toMatch(/another process is inside the token/)
    await withdraw()
    await (await goInside(place, 500)).release()
  })

  it('hsm.md 7: where no process can show itself nobody is waited for', async () => {
    const { directory } = await freshTokens()
    const inside = goInside(join(directory, 'gone', 'pkcs11.json.inside-ca'))
    await expect(inside).rejects.toThrow(/takes no socket/)
  }, 20_000)

  it('hsm.md 7: two that open new tokens at once make one canary on each', async () => {
    const tokens = await freshTokens()
    const open = async () => {
      const keys = await openPkcs11Keys(settingsOf(tokens))
      await keys.close()
    }
    await Promise.all([open(), open()])
    expect(await (await freshKeys(tokens)).health()).toBe(true)
  })
})

describe('a token', () => {
  /** A key that signs, in a module that can be struck. */
  const signerOnDevice = async () => {
    const tokens = await freshTokens()
    const device = openDevice(tokens.directory)
    for (const [name, value] of Object.entries(device.env)) setEnvironment(name, value)
    const keys = await freshKeys(tokens)
    await keys.generate({ id: uuid(1), purpose: 'ca', algorithm: 'ecP256' })
    return { device, keys, signer: await keys.signer(uuid(1)) }
  }

  it('hsm.md 7: whose module is being replaced when its process starts: once it is there again, the next act is done', async () => {
    const tokens = await freshTokens()
    const module = join(tokens.directory, 'module.so')
    await copyFile(tokens.module, module)
    const client = await freshClient(tokens, { module })
    await rename(module, `${module}.away`)
    await killAndWait(client)
    expect(await kindOf(client.ask('health', {}))).toBe('device')
    await rename(`${module}.away`, module)
    const state = () => client.ask('health', {}).then(() => true, String)
    await expect.poll(state, { timeout: 20_000, interval: 200 }).toBe(true)
  })

  it('that is moved away: health says so, acts fail; moved back it is healed without anybody', async () => {
    const tokens = await freshTokens()
    const keys = await freshKeys(tokens)
    const key = { id: uuid(1), purpose: 'ca', algorithm: 'ecP256' } as const
    let made: Awaited<ReturnType<typeof keys.generate>> | undefined
    const folder = await folderOf(tokens, async () => (made = await keys.generate(key)))
    const signer = await keys.signer(uuid(1))
    await rename(folder, join(tokens.directory, 'away'))
    expect(await keys.health()).toMatch(/the token is not there/)
    expect(['lost', 'waiting']).toContain(await kindOf(signer.sign(Buffer.from('tbs'))))
    expect(await kindOf(signer.sign(Buffer.from('tbs')))).toBe('waiting')
    expect(await kindOf(keys.generate({ ...key, id: uuid(2) }))).toBe('waiting')
    expect(await keys.health()).toMatch(/left alone/)
    await rename(join(tokens.directory, 'away'), folder)
    await expect.poll(() => keys.health(), { timeout: 20_000, interval: 200 }).toBe(true)
    expect(await signer.sign(Buffer.from('tbs'))).toBeDefined()
    expect(await keys.generate(key)).toEqual(made)
  })

  it('hsm.md 7: that goes at the very moment when it is opened anew is not taken for another one: moved back, it is healed without anybody', async () => {
    const tokens = await freshTokens()
    const device = openDevice(tokens.directory)
    for (const [name, value] of Object.entries(device.env)) setEnvironment(name, value)
    const client = await freshClient(tokens)
    const { spki } = await client.ask('generate', { id: uuid(1), label: 'signs', algorithm: 'ecP256' })
    await killAndWait(client)
    const [folder, away] = [await tokens.folder('authorities'), join(tokens.directory, 'away')]
    // Logged in, and nothing is found any more: not the canary either.
    await device.strike({ call: 'C_Login', how: 'takenAway', folder, away })
    const fault = await faultOf(client.ask('health', {}))
    expect([fault.kind, fault.message]).toEqual(['lost', 'the token is not there'])
    await rename(away, folder)
    const state = () => client.ask('health', {}).then(() => true, String)
    await expect.poll(state, { timeout: 20_000, interval: 200 }).toBe(true)
    expect(await signsWith(client, uuid(1), spki, 'again')).toBe(true)
  })

  it('hsm.md 1.4, RGS A2 V.4: whose module gives a signature that does not verify: it does not leave, and is accounted for', async () => {
    const { device, keys, signer } = await signerOnDevice()
    await signer.sign(Buffer.from('before'))
    const counted = async () => (await keys.signatures())[uuid(1)]
    const { signatures = 0, uncertain = 0 } = (await counted()) ?? {}
    await device.strike({ call: 'C_SignAsync', how: 'spoilt' })
    await expect(signer.sign(Buffer.from('spoilt'))).rejects.toThrow('does not verify')
    expect(await device.left()).toBe(0)
    expect(await counted()).toEqual({ signatures: signatures + 1, uncertain: uncertain + 1 })
    await signer.sign(Buffer.from('after'))
    expect(await counted()).toEqual({ signatures: signatures + 2, uncertain: uncertain + 1 })
  })

  it('hsm.md 7: whose device answers CKR_DEVICE_ERROR is opened anew, and the act is done; where that does not help, it is left alone', async () => {
    const { device, keys, signer } = await signerOnDevice()
    const counted = async () => (await keys.signatures())[uuid(1)]?.signatures ?? 0
    const before = await counted()
    await device.strike({ call: 'C_SignInit', how: 'before' })
    expect(await signer.sign(Buffer.from('once'))).toBeDefined()
    expect(await device.left()).toBe(0)
    expect(await counted()).toBe(before + 1)
    await device.strike({ call: 'C_SignInit', how: 'before' }, 1000)
    expect(await kindOf(signer.sign(Buffer.from('never')))).toBe('device')
    expect(await kindOf(signer.sign(Buffer.from('never')))).toBe('waiting')
    expect(await keys.health()).toMatch(/left alone/)
    await device.strike({ call: 'C_SignInit', how: 'before' }, 0)
    await expect.poll(() => keys.health(), { timeout: 20_000, interval: 200 }).toBe(true)
    expect(await signer.sign(Buffer.from('again'))).toBeDefined()
  })

  it('hsm.md 7: that opens, and whose canary signs, while no key can be made: that is left alone, health says so, and the rest goes on', async () => {
    const tokens = await freshTokens()
    const device = openDevice(tokens.directory)
    const logins = join(tokens.directory, 'logins')
    setEnvironment('GRAND_LIVRE_TEST_DEVICE', device.env.GRAND_LIVRE_TEST_DEVICE)
    setEnvironment('GRAND_LIVRE_TEST_LOGINS', logins)
    const counting = join(import.meta.dirname, 'countLogins.js')
    setEnvironment('NODE_OPTIONS', `${device.env.NODE_OPTIONS} --import ${counting}`)
    const tried = async (): Promise<number> => (await readFile(logins, 'utf8')).split('\n').length - 1
    const keys = await freshKeys(tokens)
    const kek = await keys.escrowKek('escrow-2026')
    const data = await keys.kek('data-rec-2026')
    const before = await tried()
    await device.strike({ call: 'C_GenerateKeyPairAsync', how: 'before' }, 1000)
    // Given until one is left alone: three cost a login each, and a hundred more cost none.
    for (let n = 0; n < 3; n += 1) expect([n, await kindOf(kek.makePair())]).toEqual([n, 'device'])
    const more = Array.from({ length: 100 }, () => kindOf(kek.makePair()))
    expect([new Set(await Promise.all(more)), await tried()]).toEqual([new Set(['waiting']), before + 3])
    expect(await keys.health()).toMatch(/^token of the escrow .*left alone.*generate a holder’s key/)
    const clear = randomBytes(32)
    expect(await data.unwrap(await data.wrap(clear))).toEqual(clear)
    await device.strike({ call: 'C_GenerateKeyPairAsync', how: 'before' }, 0)
    await expect.poll(() => keys.health(), { timeout: 20_000, interval: 200 }).toBe(true)
    const { spki, blob } = await kek.makePair()
    await kek.prove(blob, sha256(spki))
    expect([await keys.health(), await tried()]).toEqual([true, before + 3])
  })

  it('EN 319 411-1 GEN-6.5.2: initialised anew under our feet, it neither signs nor makes anything for us', async () => {
    const tokens = await freshTokens()
    const keys = await freshKeys(tokens)
    await keys.generate({ id: uuid(1), purpose: 'ca', algorithm: 'ecP256' })
    const signer = await keys.signer(uuid(1))
    const escrowKek = await keys.escrowKek('escrow-2026')
    await tokens.initAgain('authorities', pins.ca)
    await tokens.initAgain('escrow', pins.escrow)
    // Nobody has looked at its health since: what makes something looks itself.
    const acts = [
      () => keys.generate({ id: uuid(2), purpose: 'ca', algorithm: 'ecP256' }),
      () => signer.sign(Buffer.from('tbs')),
      () => keys.signer(uuid(1)).then((one) => one.sign(Buffer.from('tbs'))),
      () => keys.escrowKek('escrow-2027'),
      () => escrowKek.makePair(),
      () => keys.kek('data-rec-2026'),
    ]
    for (const act of acts) expect(await kindOf(act())).toBe('foreign')
    expect(await keys.health()).toMatch(/not the one that this installation began with: its canary is gone/)
    // It stays so, whichever process is asked.
    for (const pid of keys.processes()) process.kill(pid, 'SIGKILL')
    for (const act of acts) expect(await kindOf(act())).toBe('foreign')
    await keys.close()
    expect(await kindOf(openPkcs11Keys(settingsOf(tokens)))).toBe('foreign')
    const nothing = { privateKeys: 0, publicKeys: 0, secretKeys: 0 }
    for (const settings of [settingsOf(tokens).ca, settingsOf(tokens).escrow])
      expect(await inModule<Count>(settings, { act: 'count' })).toEqual(nothing)
  })

  it('initialised anew with another PIN: the old one is tried once', async () => {
    const tokens = await freshTokens()
    const client = await freshClient(tokens)
    await tokens.initAgain('authorities', wrongPin)
    expect(await kindOf(client.ask('health', {}))).toBe('pin')
    expect(await kindOf(client.ask('health', {}))).toBe('pin')
  })

  it('of the same label: beside ours none is used, in the place of ours it is not ours', async () => {
    const tokens = await freshTokens()
    const keys = await freshKeys(tokens)
    const key = { id: uuid(1), purpose: 'ca', algorithm: 'ecP256' } as const
    const folder = await folderOf(tokens, () => keys.generate(key))
    await keys.close()
    await tokens.init('authorities', pins.ca)
    const both = await faultOf(openPkcs11Keys(settingsOf(tokens)))
    expect([both.kind, both.message]).toEqual(['lost', 'two tokens have this label: name it by its serial'])
    await rename(folder, join(tokens.directory, 'away'))
    const other = await faultOf(openPkcs11Keys(settingsOf(tokens)))
    expect(other.kind).toBe('foreign')
    expect(other.message).toMatch(/its serial number differs/)
  })

  it('CGU-41: the escrow’s is not the authorities’, and nothing is made on one that is given for both', async () => {
    const tokens = await freshTokens()
    const { ca, manifest } = settingsOf(tokens)
    expect(await kindOf(openPkcs11Keys({ ca, escrow: ca, manifest }))).toBe('notAllowed')
    await expect(readFile(manifest)).rejects.toThrow('ENOENT')
    expect((await inModule<Count>(ca, { act: 'count' })).privateKeys).toBe(0)
  })

  it('that is not there, or whose module is not: the service does not open', async () => {
    const tokens = await freshTokens()
    const { ca, escrow, manifest } = settingsOf(tokens)
    expect(await kindOf(openPkcs11Keys({ ca: { ...ca, token: 'nobody' }, escrow, manifest }))).toBe('lost')
    const module = '/nowhere/module.so'
    expect(await kindOf(openPkcs11Keys({ ca: { ...ca, module }, escrow, manifest }))).toBe('device')
  })
})

describe('CKR_DEVICE_ERROR at a call of an act, before the module has done it and after', () => {
  let tokens: Tokens
  let device: Device
  let ca: SignerClient
  let escrow: SignerClient
  let [kek, next, macId] = ['', '', '']
  let holder: Readonly<{ kek: string; blob: Uint8Array; spkiSha256: string }>
  /** The same key, as it comes from elsewhere. */
  let sent: Uint8Array
  let mac: Uint8Array
  let present: Uint8Array
  const [data, transport] = [randomBytes(32), randomBytes(32)]
  const card = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const cardKey = card.publicKey.export({ format: 'der', type: 'spki' })
  /** What is on the tokens in the end, the canaries among it: what was made, less what was destroyed. */
  const made = { privateKeys: 2, publicKeys: 2, kekAndMacKeys: 3 }
  let nth = 100

  const secret = async (label: string, use: 'escrowKek' | 'mac') =>
    (await escrow.ask('secret', { label, use })).id
  const pair = (id: string) => ca.ask('generate', { id, label: 'struck', algorithm: 'ecP256' })
  /** Whether what was handed over under this key is the holder's. */
  const opens = (under: Uint8Array, blob: Uint8Array): boolean => {
    const key = withoutPadding(openUnder(under, blob))
    const spki = createPublicKey(createPrivateKey({ key, format: 'der', type: 'pkcs8' })).export({
      ...{ format: 'der', type: 'spki' },
    })
    return sha256(spki) === holder.spkiSha256
  }
  const received = (octets: Uint8Array, oaepHash: 'sha1' | 'sha256') =>
    privateDecrypt({ key: card.privateKey, padding: padding.RSA_PKCS1_OAEP_PADDING, oaepHash }, octets)

  beforeAll(async () => {
    tokens = await openTokens()
    device = openDevice(tokens.directory)
    const { ca: caToken, escrow: escrowToken } = settingsOf(tokens)
    const before = { ...process.env }
    Object.assign(process.env, device.env)
    ca = openSignerClient(caToken)
    escrow = openSignerClient(escrowToken)
    for (const client of [ca, escrow]) await client.ask('health', {})
    for (const name of Object.keys(device.env)) {
      Reflect.deleteProperty(process.env, name)
      if (before[name] !== undefined) process.env[name] = before[name]
    }
    kek = await secret('escrow-2026', 'escrowKek')
    next = await secret('escrow-2027', 'escrowKek')
    macId = await secret('records', 'mac')
    const { spki, blob } = await escrow.ask('makePair', { kek })
    holder = { kek, blob, spkiSha256: sha256(spki) }
    sent = await escrow.ask('release', { ...holder, transport })
    mac = await escrow.ask('hmac', { id: macId, data })
    present = (await pair(uuid(1))).spki
  })
  afterAll(async () => {
    for (const client of [ca, escrow]) await client.close()
    await tokens.remove()
  })

  const withMac = { mechanism: pkcs11js.CKM_SHA256_HMAC }
  /** An act, the calls of it that are struck, and whether it was done: each time it is given. */
  const acts: readonly (readonly [
    string,
    readonly (string | (Pick<Strike, 'call'> & Partial<Strike>))[],
    () => Promise<boolean>,
  ])[] = [
    [
      'a key pair is made',
      ['C_GenerateKeyPairAsync', 'C_SignInit', 'C_SignAsync'],
      async () => {
        const id = uuid((nth += 1))
        const { spki } = await pair(id)
        made.privateKeys += 1
        made.publicKeys += 1
        return Buffer.from((await pair(id)).spki).equals(spki) && (await signsWith(ca, id, spki, id))
      },
    ],
    [
      'a key pair that is there is found, and no other is made in its place',
      ['C_SignInit', 'C_SignAsync'],
      async () => Buffer.from((await pair(uuid(1))).spki).equals(present),
    ],
    [
      'something is signed, and counted once',
      ['C_SignInit', 'C_SignAsync'],
      async () => {
        const counted = async () => (await ca.ask('counts', {}))[uuid(1)]?.signatures ?? 0
        const before = await counted()
        return (await signsWith(ca, uuid(1), present, 'once')) && (await counted()) === before + 1
      },
    ],
    [
      'a key is destroyed',
      ['C_DestroyObject'],
      async () => {
        const id = uuid((nth += 1))
        await pair(id)
        made.publicKeys += 1
        const { failedUseCode } = await ca.ask('destroy', { id })
        return failedUseCode.endsWith('HANDLE_INVALID') && (await ca.ask('find', { id })) === undefined
      },
    ],
    [
      'a KEK is made',
      ['C_GenerateKeyAsync'],
      async () => {
        const label = `escrow-${(nth += 1)}`
        const id = await secret(label, 'escrowKek')
        made.kekAndMacKeys += 1
        return (await secret(label, 'escrowKek')) === id
      },
    ],
    [
      'a KEK is destroyed',
      ['C_WrapKey', 'C_DestroyObject'],
      async () => {
        const asked = { id: await secret(`escrow-${(nth += 1)}`, 'escrowKek'), use: 'escrowKek' } as const
        const { failedUseCode } = await escrow.ask('destroySecret', asked)
        return failedUseCode.endsWith('HANDLE_INVALID') && !(await escrow.ask('hasSecret', asked))
      },
    ],
    [
      'a holder’s key is made and wrapped',
      // Each time a key of RSA is made that takes its time.
      [
        { call: 'C_GenerateKeyPairAsync', how: 'after' },
        { call: 'C_WrapKey', how: 'before' },
      ],
      async () => {
        const { spki, blob } = await escrow.ask('makePair', { kek })
        return escrow.ask('prove', { kek, blob, spkiSha256: sha256(spki) })
      },
    ],
    [
      'it is proved that it can be recovered',
      ['C_UnwrapKey', 'C_DecryptInit'],
      () => escrow.ask('prove', holder),
    ],
    [
      'it is handed over',
      ['C_UnwrapKey', 'C_CreateObject', 'C_WrapKey'],
      async () => opens(transport, await escrow.ask('release', { ...holder, transport })),
    ],
    [
      'it is handed over to a card',
      ['C_CreateObject', 'C_GenerateKey', 'C_UnwrapKey', 'C_WrapKey'],
      async () => {
        const handed = await escrow.ask('releaseTo', { ...holder, transportKey: cardKey })
        return opens(received(handed.transport, 'sha1'), handed.blob)
      },
    ],
    [
      'it is handed over to a successor',
      ['C_CreateObject', 'C_UnwrapKey', 'C_WrapKey', 'C_DestroyObject'],
      async () => {
        const asked = { successor: cardKey, label: 'part', keys: [holder] }
        const { transport: under, keys } = await escrow.ask('sendTo', asked)
        return keys.every((one) => 'blob' in one && opens(received(under, 'sha256'), one.blob))
      },
    ],
    [
      'one from elsewhere is taken in',
      ['C_CreateObject', 'C_UnwrapKey', 'C_WrapKey'],
      async () =>
        escrow.ask('prove', {
          ...holder,
          blob: await escrow.ask('adopt', { ...holder, blob: sent, transport }),
        }),
    ],
    [
      'one is wrapped anew',
      ['C_UnwrapKey', 'C_WrapKey', 'C_DestroyObject'],
      async () =>
        escrow.ask('prove', {
          ...holder,
          kek: next,
          blob: await escrow.ask('rewrap', { ...holder, to: next }),
        }),
    ],
    [
      'a record is authenticated',
      [
        { call: 'C_SignInit', ...withMac },
        { call: 'C_SignAsync', ...withMac },
      ],
      async () => Buffer.from(await escrow.ask('hmac', { id: macId, data })).equals(mac),
    ],
  ]

  it.each(acts)('hsm.md 7: %s: it is done once, and nobody has to do anything', async (_, calls, give) => {
    for (const struck of calls)
      for (const how of ['before', 'after'] as const) {
        const strike = typeof struck === 'string' ? { call: struck, how } : { how, ...struck }
        if (strike.how !== how) continue
        await device.strike(strike)
        expect([strike, await give(), await device.left()]).toEqual([strike, true, 0])
      }
  })

  it('hsm.md 7: and nothing is left half made, or made twice, on the tokens', async () => {
    const { privateKeys, publicKeys, kekAndMacKeys } = made
    for (const client of [ca, escrow]) expect(await client.ask('health', {})).toBeDefined()
    const { ca: caToken, escrow: escrowToken } = settingsOf(tokens)
    expect([
      await inModule<Count>(caToken, { act: 'count' }),
      await inModule<Count>(escrowToken, { act: 'count' }),
    ]).toEqual([
      { privateKeys, publicKeys, secretKeys: 0 },
      { privateKeys: 1, publicKeys: 1, secretKeys: kekAndMacKeys },
    ])
  })
})

describe('sessions', () => {
  it.each([1, 3])(
    '%i of them serve a hundred callers at once, each with its own signature',
    async (sessions) => {
      const client = await freshClient(await freshTokens(), { sessions })
      const { spki } = await client.ask('generate', { id: uuid(1), label: 'shared', algorithm: 'ecP256' })
      const signing = Array.from({ length: 100 }, (_, i) => signsWith(client, uuid(1), spki, `text ${i}`))
      const making = client.ask('generate', { id: uuid(2), label: 'meanwhile', algorithm: 'ecP256' })
      expect(new Set(await Promise.all(signing))).toEqual(new Set([true]))
      expect((await making).spki).not.toEqual(spki)
      expect((await client.ask('counts', {}))[uuid(1)]).toEqual({ signatures: 100, uncertain: 0 })
    },
  )

  it('are closed once what is under way has come to its end, and then nothing more is taken', async () => {
    const client = await freshClient(await freshTokens())
    const { spki } = await client.ask('generate', { id: uuid(1), label: 'last', algorithm: 'ecP256' })
    const making = client.ask('generate', { id: uuid(2), label: 'last', algorithm: 'rsa3072' })
    const signing = Array.from({ length: 100 }, (_, i) => signsWith(client, uuid(1), spki, `last ${i}`))
    const [closed, again] = [client.close(), client.close()]
    expect(await kindOf(client.ask('token', {}))).toBe('stopped')
    expect(new Set(await Promise.all(signing))).toEqual(new Set([true]))
    expect((await making).algorithm).toBe('rsa3072')
    await Promise.all([closed, again])
    expect(client.pid()).toBeUndefined()
  })
})
