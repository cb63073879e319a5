// An approved recovery, cut off before each of its outside effects, then started again: the key is not left busy, and may be
// asked for again under the same approvals. What is handed over opens with OpenSSL.
import { execFile } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { derOf } from '../../commands/issuing.ts'
import { ProcessRefused } from '../../commands/program.ts'
import { passphraseFor, recoverKey, removeOutputsOf, sweepOutputs } from '../../commands/recoverKey.ts'
import { outputOf } from '../../commands/recoveries.ts'
import { certificate } from '../../domain/certificate.ts'
import { key } from '../../domain/key.ts'
import { recovery, type RecoveryEvent } from '../../domain/recovery.ts'
import { toPem } from '../../pki/fields.ts'
import { filesIn, removeDirectory, temporaryDirectory, whereFound } from '../hsm/custody.ts'
import { uuid } from '../ledger/filled.ts'
import { openAuthority } from '../pki/authority.ts'
import { on } from '../support/given.ts'
import * as f from './facts.ts'
import {
  eventsOf,
  issue,
  openCopies,
  openInstallation,
  openRestart,
  runUntilCut,
  type Installation,
} from './installation.ts'

const morning = '2026-03-02T09:00:00Z'
const scratch = await temporaryDirectory()
const restart = await openRestart()
afterAll(async () => {
  await restart.close()
  await removeDirectory(scratch)
})

/** One certificate in use, and a recovery of its key that two officers have approved. */
const template = join(scratch, 'template')
const before = await openInstallation(template, () => morning)
const { serial } = await issue(before, 1)
const issued = (await before.ledger.load(certificate, serial)).state
const spki = 'spkiSha256' in issued ? issued.spkiSha256 : ''
const approvals = [f.approvedBy(6, '2026-03-05T09:00:00Z'), f.approvedBy(7, '2026-03-05T09:00:00Z')]
const ask = (installation: Installation, id: string, events: readonly RecoveryEvent[], command: number) =>
  on(recovery, id, f.asked({ serial, key: spki }), ...events)(installation.service.handle, uuid(command))
await ask(before, f.Q, approvals, 800)
await before.close()

const copy = openCopies(scratch, template)
const run = (
  directory: string,
  act: (installation: Installation) => Promise<unknown>,
  cutAt = 0,
  at = morning,
) => runUntilCut(directory, act, { cutAt, at })

const recovering = ({ service, vault, chain }: Installation, id = f.Q): Promise<string> =>
  recoverKey(
    {
      ...{ service, escrow: vault.escrow, deliveries: vault.deliveries, ca: chain.ca, root: chain.root },
      iterations: 1000,
    },
    id,
    f.officerA.person,
  )

const openssl = async (...args: readonly string[]): Promise<Buffer> =>
  (await promisify(execFile)('openssl', args, { encoding: 'buffer' })).stdout

/** What waits for delivery, opened by OpenSSL: the private key and the certificates, in PEM. */
const opened = async (
  { vault, service }: Installation,
  digest: string,
): Promise<{ pem: string; file: string; secret: string }> => {
  const secret = (await passphraseFor({ ...vault, service }, f.Q, f.officerA.person)) ?? ''
  const bytes = await vault.deliveries.take(digest)
  expect(createHash('sha256').update(bytes!).digest('hex')).toBe(digest)
  const file = join(scratch, `${digest}.p12`)
  await writeFile(file, bytes!)
  const pem = await openssl('pkcs12', '-in', file, '-passin', `pass:${secret}`, '-noenc')
  return { pem: pem.toString('utf8'), file, secret }
}

const effects = (await run(await copy(), recovering)).names.map((name, index) => [index + 1, name] as const)

describe('an approved recovery', () => {
  it('CGU-46: does these outside effects, in this order', () => {
    expect(effects.map(([, name]) => name)).toEqual([
      'KeyRecoveryStarted',
      'a record of the vault',
      'KeyRecovered',
    ])
  })

  it.each(effects)(
    'CGU-46: cut off before effect %i (%s), may be asked for again, and is done once',
    async (cutAt) => {
      const directory = await copy()
      expect((await run(directory, recovering, cutAt)).isCut()).toBe(true)
      await run(directory, async (installation) => {
        const { ledger } = installation
        await restart.goOn(installation)
        expect((await ledger.load(key, spki)).state).toMatchObject({ status: 'kept', recovered: [] })
        expect(await installation.vault.deliveries.inventory()).toEqual([])
        const digest = await recovering(installation)
        expect((await opened(installation, digest)).pem).toContain('BEGIN PRIVATE KEY')
        expect(await recovering(installation)).toBe(digest)
        const types = (await eventsOf(ledger))
          .filter(({ stream }) => stream === `key-${spki}`)
          .map(({ event }) => event.type)
        expect(types.filter((type) => type === 'KeyRecovered')).toHaveLength(1)
        // Each start has its outcome, and the ledger names the bytes that are released.
        expect(types.filter((type) => type === 'KeyRecoveryStarted')).toHaveLength(
          types.filter((type) => type.startsWith('KeyRecover') && type !== 'KeyRecoveryStarted').length,
        )
        expect(outputOf((await ledger.load(key, spki)).state, f.Q)).toBe(digest)
      })
    },
  )

  it('CGU-46: cut off, then cut off again at its end, is still not left busy', async () => {
    const directory = await copy()
    await run(directory, recovering, 3)
    expect((await run(directory, restart.goOn, 1)).isCut()).toBe(true)
    await run(directory, async (installation) => {
      await restart.goOn(installation)
      expect((await installation.ledger.load(key, spki)).state).toMatchObject({ status: 'kept', outcomes: 1 })
    })
  })

  it.each([
    ['while its approvals count', '2026-03-05T08:59:59Z', undefined],
    ['once they have expired', '2026-03-05T09:00:00Z', 'RECOVERY_NOT_APPROVED'],
  ])('CGU-46: left without an outcome, and run again %s', async (_, at, code) => {
    const directory = await copy()
    await run(directory, recovering, 2)
    await run(
      directory,
      async (installation) => {
        const outcome = await recovering(installation).catch((error: unknown) => error)
        if (code === undefined) expect((await opened(installation, outcome as string)).pem).toContain('KEY')
        else expect(outcome).toMatchObject({ code })
        const { state } = await installation.ledger.load(key, spki)
        expect(state).toMatchObject({ status: 'kept', outcomes: code === undefined ? 2 : 1 })
        expect(await installation.vault.deliveries.inventory()).toHaveLength(code === undefined ? 1 : 0)
      },
      0,
      at,
    )
  })

  const rejected: RecoveryEvent = {
    type: 'RecoveryRejected',
    data: { cause: 'x', clause: 'CGU-46', decider: uuid(7) },
  }
  const closed: RecoveryEvent = { type: 'RecoveryClosed', data: { cause: 'withdrawn' } }
  it.each([
    ['that is to be delivered is kept', [], '2026-03-04T09:00:00Z', 1, 1],
    ['of a rejected recovery is removed', [rejected], morning, 0, 0],
    ['of a closed recovery is removed', [closed], morning, 0, 0],
    ['delivered lately is kept for its answer', [f.delivered], morning, 1, 1],
    ['delivered long ago is removed at the next start', [f.delivered], '2026-03-04T09:00:00Z', 1, 0],
  ] as const)('CGU-46: an output %s', async (...[, events, at, atOnce, atStart]) => {
    const directory = await copy()
    await run(directory, async (installation) => {
      await recovering(installation)
      await on(recovery, f.Q, ...events)(installation.service.handle, uuid(802))
    })
    const kept = ({ vault }: Installation) => vault.deliveries.inventory()
    const trial = await copy()
    await cp(directory, trial, { recursive: true })
    await run(trial, async (installation) => {
      await removeOutputsOf({ ...installation.issuance, deliveries: installation.vault.deliveries }, f.Q)
      expect(await kept(installation)).toHaveLength(atOnce)
    })
    await run(
      directory,
      async (installation) => {
        await restart.goOn(installation)
        expect(await kept(installation)).toHaveLength(atStart)
      },
      0,
      at,
    )
  })

  it('CGU-46: an output that was just put down, and that no event names yet, is not taken for one that nobody will collect', async () => {
    await run(await copy(), async (installation) => {
      const { vault, service } = installation
      const { deliveries } = vault
      const sweep = async () => {
        const tools = { service, deliveries, collectable: () => Promise.resolve([f.Q]) }
        await sweepOutputs(tools, await deliveries.inventory())
      }
      const put: typeof deliveries.put = async (...output) => {
        await deliveries.put(...output)
        await sweep()
      }
      const swept = { ...installation, vault: { ...vault, deliveries: { ...deliveries, put } } }
      const digest = await recovering(swept)
      expect(await deliveries.inventory()).toEqual([digest])
      await sweep()
      expect((await opened(installation, digest)).pem).toContain('BEGIN PRIVATE KEY')
    })
  })

  it('CGU-46: a fault of custody is recorded, the key is free, and the next execution succeeds', async () => {
    await run(await copy(), async (installation) => {
      const { vault, ledger } = installation
      const put = () => Promise.reject(new Error('the disk is full'))
      const faulty = { ...installation, vault: { ...vault, deliveries: { ...vault.deliveries, put } } }
      await expect(recovering(faulty)).rejects.toThrow('the disk is full')
      const failed = (await eventsOf(ledger)).at(-1)!.event
      expect(failed).toMatchObject({
        type: 'KeyRecoveryFailed',
        data: { stage: 'output', fault: 'Error', recovery: f.Q },
      })
      expect(outputOf((await ledger.load(key, spki)).state, f.Q)).toBeUndefined()
      expect((await opened(installation, await recovering(installation))).pem).toContain('BEGIN PRIVATE KEY')
    })
  })

  it('CGU-46: a key that is not the one of the certificate is refused, by a code in the ledger, and nothing is delivered', async () => {
    await run(await copy(), async (installation) => {
      const { vault, ledger } = installation
      const { escrow } = vault
      const release: typeof escrow.release = (of) => escrow.release(of, '0'.repeat(64))
      const faulty = { ...installation, vault: { ...vault, escrow: { ...escrow, release } } }
      await expect(recovering(faulty)).rejects.toMatchObject({ code: 'certificateMismatch' })
      expect((await eventsOf(ledger)).at(-1)!.event).toMatchObject({
        type: 'KeyRecoveryFailed',
        data: { stage: 'output', fault: 'certificateMismatch', recovery: f.Q },
      })
      expect(await vault.deliveries.inventory()).toEqual([])
      expect((await ledger.load(key, spki)).state.status).toBe('kept')
    })
  })

  it('CGU-46: RFC 7292: OpenSSL reads the key of the certificate and the whole chain, and no other passphrase opens it', async () => {
    await run(await copy(), async (installation) => {
      const { ledger, chain } = installation
      const { pem, file, secret } = await opened(installation, await recovering(installation))
      const certificates = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
      const ders = certificates.map((one) => new X509Certificate(one).raw.toString('hex'))
      const own = derOf((await ledger.load(certificate, serial)).state)!
      const expected = [own, chain.ca.certificate, chain.root].map((der) => Buffer.from(der).toString('hex'))
      expect(ders).toEqual(expected)
      const privateKey = createPrivateKey(
        /-----BEGIN PRIVATE KEY-----[\s\S]+?-----END PRIVATE KEY-----/.exec(pem)![0],
      )
      const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
      expect(createHash('sha256').update(publicKey).digest('hex')).toBe(spki)
      await expect(openssl('pkcs12', '-in', file, '-passin', 'pass:autre', '-noenc')).rejects.toThrow(
        /mac verify error/i,
      )
      const info = await promisify(execFile)('openssl', [
        ...['pkcs12', '-in', file, '-info', '-noout', '-passin', `pass:${secret}`],
      ])
      expect(info.stderr).toMatch(/MAC: sha256/)
      expect(info.stderr).not.toMatch(/RC2|3DES|40Bit/i)
    })
  })

  const named = (der: Uint8Array) => ({
    output: 'cms',
    recipientCertificate: Buffer.from(der).toString('base64'),
  })
  const askFor = (installation: Installation, more: object) =>
    on(
      recovery,
      uuid(52),
      f.asked({ serial, key: spki, ...more }),
      ...approvals,
    )(installation.service.handle, uuid(803))
  const forRecipient = ({ service, vault, chain }: Installation) =>
    recoverKey(
      {
        ...{ service, escrow: vault.escrow, deliveries: vault.deliveries, ca: chain.ca, root: chain.root },
        iterations: 1000,
      },
      uuid(52),
      f.officerA.person,
    )

  it('CGU-46, CGU-47: RFC 5652: for a recipient’s certificate no passphrase is asked for, and his key alone opens it', async () => {
    await run(await copy(), async (installation) => {
      const { certificate: der, pair } = await (await openAuthority()).holder()
      await askFor(installation, named(der))
      const bytes = await installation.vault.deliveries.take(await forRecipient(installation))
      const [envelope, pem, keyFile] = ['given.p7m', 'to.pem', 'to.key'].map((name) => join(scratch, name))
      await writeFile(envelope!, bytes!)
      await writeFile(pem!, toPem(der))
      await writeFile(keyFile!, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
      const given = ['cms', '-decrypt', '-binary', '-inform', 'DER', '-in', envelope!]
      const pkcs8 = await openssl(...given, '-inkey', keyFile!, '-recip', pem!)
      const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
      const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
      expect(createHash('sha256').update(publicKey).digest('hex')).toBe(spki)
    })
  })

  it('CGU-46: a recipient’s certificate that has expired or been revoked meanwhile keeps the key in escrow', async () => {
    await run(await copy(), async (installation) => {
      const ended = await (await openAuthority()).holder({ notBefore: '2022-03-02T09:00:00Z' })
      const { serial: another } = await issue(installation, 2)
      const own = derOf((await installation.ledger.load(certificate, another)).state)!
      await on(certificate, another, f.revoked)(installation.service.handle, uuid(804))
      for (const [n, der] of [ended.certificate, own].entries()) {
        const id = uuid(60 + n)
        await on(
          recovery,
          id,
          f.asked({ serial, key: spki, ...named(der) }),
          ...approvals,
        )(installation.service.handle, uuid(805 + n))
        const refused = await recovering(installation, id).catch((error: unknown) => error)
        expect(refused).toMatchObject({ code: 'RECIPIENT_CERTIFICATE_UNUSABLE', clause: 'CGU-46' })
      }
      expect((await installation.ledger.load(key, spki)).state).toMatchObject({ status: 'kept', outcomes: 0 })
      expect(await installation.vault.deliveries.inventory()).toEqual([])
    })
  })

  it('CGU-04, CGU-46: the one-time passphrase is for who executed, until the file is collected; each recovery has another one', async () => {
    await run(await copy(), async (installation) => {
      const { service, vault } = installation
      const told = (by: string, id = f.Q) => passphraseFor({ ...vault, service }, id, by)
      const { person } = f.officerA
      expect(await told(person)).toBeUndefined()
      await recovering(installation)
      const passphrase = await told(person)
      expect(passphrase).toMatch(/^([0-9a-hjkmnp-tv-z]{5}-){4}[0-9a-hjkmnp-tv-z]{5}$/)
      expect(await told(person)).toBe(passphrase)
      expect(await told(uuid(7))).toBeUndefined()
      await askFor(installation, {})
      await recovering(installation, uuid(52))
      const another = await told(person, uuid(52))
      expect([another?.length, another === passphrase]).toEqual([passphrase?.length, false])
      await on(recovery, f.Q, f.delivered)(service.handle, uuid(802))
      await on(recovery, uuid(52), rejected)(service.handle, uuid(804))
      for (const id of [f.Q, uuid(52)]) expect(await told(person, id)).toBeUndefined()
      // With the file goes what opens it.
      const digest = outputOf((await installation.ledger.load(key, spki)).state, uuid(52)) ?? ''
      expect(await vault.deliveries.passphraseOf(digest)).toBe(another)
      await removeOutputsOf({ ...installation.issuance, deliveries: vault.deliveries }, uuid(52))
      expect(await vault.deliveries.passphraseOf(digest)).toBeUndefined()
    })
  })

  it('CGU-46: neither the key nor the passphrase is left on disk in clear', async () => {
    const directory = await copy()
    await run(directory, async (installation) => {
      const { file, secret } = await opened(installation, await recovering(installation))
      const pkcs8 = Buffer.from(await installation.vault.escrow.release(serial))
      const onDisk = await filesIn(directory)
      const primes = pkcs8.subarray(300, 364)
      expect(whereFound(onDisk, primes)).toEqual([])
      expect(whereFound(onDisk, Buffer.from(secret))).toEqual([])
      expect((await readFile(file)).includes(primes)).toBe(false)
    })
  })

  it.each([
    ['CGU-46: one approval', [approvals[0]!], 'RECOVERY_NOT_APPROVED'],
    ['CGU-46: none', [], 'RECOVERY_NOT_APPROVED'],
    ['CGU-46: two, expired', [f.approvedBy(6, morning), f.approvedBy(7, morning)], 'RECOVERY_NOT_APPROVED'],
    [
      'CGU-46: two, then rejected',
      [
        ...approvals,
        { type: 'RecoveryRejected', data: { cause: 'x', clause: 'CGU-46', decider: uuid(7) } } as const,
      ],
      'OUT_OF_ORDER',
    ],
  ])('%s: no key leaves the escrow', async (_, events, code) => {
    await run(await copy(), async (installation) => {
      await ask(installation, uuid(51), events, 801)
      const refused = await recovering(installation, uuid(51)).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(ProcessRefused)
      expect((refused as ProcessRefused).code).toBe(code)
      expect((await installation.ledger.load(key, spki)).state).toMatchObject({ status: 'kept', outcomes: 0 })
    })
  })
})
