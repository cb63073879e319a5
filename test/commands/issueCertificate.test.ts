// The crash table: an issuance with one old key to recover, cut off before each of its outside effects, then started again.
import { createHash, X509Certificate } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { Contended } from '../../commands/handle.ts'
import { issueCertificate } from '../../commands/issueCertificate.ts'
import { derOf } from '../../commands/issuing.ts'
import { bindPublicKey } from '../../commands/keys.ts'
import { perform, ProcessRefused } from '../../commands/program.ts'
import { undoIssuance } from '../../commands/undoIssuance.ts'
import { card } from '../../domain/card.ts'
import { certificate, type CertificateEvent } from '../../domain/certificate.ts'
import { key, type KeyEvent } from '../../domain/key.ts'
import { request, type RequestEvent } from '../../domain/request.ts'
import type { InTurn } from '../../domain/turns.ts'
import { removeDirectory, temporaryDirectory } from '../hsm/custody.ts'
import { uuid } from '../ledger/filled.ts'
import { on } from '../support/given.ts'
import * as f from './facts.ts'
import {
  eventsOf,
  issue,
  openCase,
  openCopies,
  openInstallation,
  openRestart,
  runUntilCut,
  type Installation,
  type Recorded,
} from './installation.ts'

const morning = '2026-03-02T09:00:00Z'
const noon = '2026-03-02T12:00:00Z'

const scratch = await temporaryDirectory()
const restart = await openRestart()
afterAll(async () => {
  await restart.close()
  await removeDirectory(scratch)
})

/** One card in use, and a second case of the same person that stands where issuance begins. */
const template = join(scratch, 'template')
const before = await openInstallation(template, () => morning)
const old = await issue(before, 1)
const next = await openCase(before, 2, [old.serial])
await before.close()

const copy = openCopies(scratch, template)
const run = (
  directory: string,
  act: (installation: Installation) => Promise<unknown>,
  { cutAt = 0, at = morning } = {},
) => runUntilCut(directory, act, { cutAt, at })

const issuing = ({ issuance }: Installation) => issueCertificate(issuance, next.request)

const dataOf = <E extends { type: string; data: object }, T extends E['type']>(
  events: readonly Recorded[],
  type: T,
): readonly (Extract<E, { type: T }>['data'] & { stream: string; rank: number })[] =>
  events
    .filter(({ event }) => event.type === type)
    .map(({ event, stream, rank }) => ({ ...(event.data as Extract<E, { type: T }>['data']), stream, rank }))

/** What must hold in every ledger, with every vault and every card, whatever happened before. */
const audit = async ({ ledger, vault, cards }: Installation): Promise<void> => {
  const events = await eventsOf(ledger)
  const escrowed = dataOf<KeyEvent, 'KeyEscrowed'>(events, 'KeyEscrowed')
  const bound = dataOf<KeyEvent, 'PublicKeyBound'>(events, 'PublicKeyBound')
  const planned = dataOf<CertificateEvent, 'CertificatePlanned'>(events, 'CertificatePlanned')
  const sessions = dataOf<RequestEvent, 'SessionOpened'>(events, 'SessionOpened')

  // CGU-38: no certificate without an earlier escrow of the same key; CGU-60: no key in two certificates.
  for (const { stream, rank } of dataOf<CertificateEvent, 'CertificateIssued'>(events, 'CertificateIssued')) {
    const { spkiSha256 } = planned.find((plan) => plan.stream === stream)!
    const proof = escrowed.find((one) => one.stream === `key-${spkiSha256}`)
    expect(proof?.rank, `${stream} has no earlier escrow`).toBeLessThan(rank)
    expect(`certificate-${proof!.serial}`).toBe(stream)
    expect(planned.filter((plan) => plan.spkiSha256 === spkiSha256)).toHaveLength(1)
  }

  // Nothing lies in the vault that the ledger cannot name, and what the ledger says is kept can be given back.
  const held = await vault.escrow.inventory()
  for (const { state, serial, spkiSha256 } of held) {
    if (state === 'kept')
      expect(bound).toContainEqual(expect.objectContaining({ serial, stream: `key-${spkiSha256}` }))
    if (state === 'reserved') expect(sessions.map((session) => session.serial)).toContain(serial)
  }
  for (const { stream, serial } of escrowed) {
    expect(held).toContainEqual({ spkiSha256: stream.slice(4), serial, kept: true, state: 'kept' })
    const pkcs8 = await vault.escrow.release(serial)
    expect(pkcs8.length).toBeGreaterThan(1000)
    pkcs8.fill(0)
    // CGU-41: no key stays under a recovery that nobody will end.
    expect((await ledger.load(key, stream.slice(4))).state).toMatchObject({ status: 'kept' })
  }

  // No key lies on a card that the ledger does not say was written with it.
  for (const { card: id } of sessions) {
    const { state } = await ledger.load(card, id)
    const isWritten = state.status === 'written' || state.status === 'inUse'
    expect(await cards.read(id), `card ${state.status}`).toEqual(isWritten ? state.serials : [])
  }
}

/** Where the case has come to: finished, or undone without a trace that anybody could use. */
const endOf = async ({ ledger, cards }: Installation): Promise<'finished' | 'undone'> => {
  const file = (await ledger.load(request, next.request)).state
  const signed = (await ledger.load(certificate, next.serial)).state
  const allotted = (await ledger.load(card, next.card)).state
  if (file.status === 'inSession') {
    expect([signed.status, allotted.status]).toEqual(['issued', 'written'])
    expect(await cards.testDecryption(next.card)).toBe(true)
    return 'finished'
  }
  expect(file.status).toBe('validated')
  expect(['abandoned', 'revoked']).toContain(signed.status)
  expect(['released', 'scrapped']).toContain(allotted.status)
  return 'undone'
}

const effects = (await run(await copy(), issuing)).names.map((name, index) => [index + 1, name] as const)

describe('an issuance', () => {
  it('CGU-38, CGU-42: does these outside effects, in this order', () => {
    const appended = effects.map(([, name]) => name).filter((name) => name !== 'a record of the vault')
    expect(appended).toEqual([
      'PublicKeyBound',
      'KeyEscrowed',
      'CertificatePlanned',
      'CertificateIssued',
      'KeyRecoveryStarted',
      'KeyRecovered',
      'the writing of the card',
      'CardWritten',
    ])
  })

  it.each(effects)(
    'CGU-38: cut off before effect %i (%s), it is finished by the next start',
    async (cutAt) => {
      const directory = await copy()
      expect((await run(directory, issuing, { cutAt })).isCut()).toBe(true)
      await run(directory, async (installation) => {
        await restart.goOn(installation)
        expect(await endOf(installation)).toBe('finished')
        await audit(installation)
        expect(await issuing(installation)).toBe(next.serial)
      })
    },
  )

  it.each(effects)(
    'CGU-34: cut off before effect %i (%s), it is undone once the session has lapsed',
    async (cutAt) => {
      const directory = await copy()
      await run(directory, issuing, { cutAt })
      await run(
        directory,
        async (installation) => {
          await restart.goOn(installation)
          expect(await endOf(installation)).toBe('undone')
          await audit(installation)
        },
        { at: noon },
      )
    },
  )

  it.each([[[3, 2, 1, 4]], [[7, 1, 1, 2, 3]], [[1, 1, 1, 1, 9]], [[10, 3, 2, 2]]])(
    'CGU-38: cut off again and again, before effects %j of each start, it is finished in the end',
    async (cuts) => {
      const directory = await copy()
      const [first, ...others] = cuts
      await run(directory, issuing, { cutAt: first! })
      for (const cutAt of others) await run(directory, restart.goOn, { cutAt })
      await run(directory, async (installation) => {
        await restart.goOn(installation)
        expect(await endOf(installation)).toBe('finished')
        await audit(installation)
      })
    },
  )

  it('CGU-34: its undoing, cut off before each of its own effects, is undone all the same', async () => {
    const directory = await copy()
    await run(directory, issuing, { cutAt: effects.length })
    let cuts = 0
    for (let cut = true; cut; cuts += 1) {
      const trial = join(scratch, `undo-${cuts}`)
      await cp(directory, trial, { recursive: true })
      cut = (await run(trial, restart.goOn, { cutAt: cuts + 1, at: noon })).isCut()
      await run(
        trial,
        async (installation) => {
          await restart.goOn(installation)
          expect(await endOf(installation)).toBe('undone')
          await audit(installation)
        },
        { at: noon },
      )
    }
    expect(cuts).toBeGreaterThan(4)
  })
})

it('CGU-24: nothing is signed for an entity whose evidence has ended since the session was opened', async () => {
  await run(await copy(), async (installation) => {
    const { ledger, service, issuance } = installation
    await f.employerUntil('2026-03-01')(service.handle, uuid(812))
    await expect(issuing(installation)).rejects.toMatchObject({ code: 'ENTITY_NOT_VERIFIED' })
    expect((await ledger.load(certificate, next.serial)).state.status).toBe('unknown')
    await undoIssuance(issuance, next.request, { outcome: 'cardFailed', scrap: 'spoiled' })
    expect(await endOf(installation)).toBe('undone')
  })
})

it('CGU-24: a session that cannot be carried on is undone, unless its turn was lost meanwhile: somebody may have gone on with it', async () => {
  // As the turns of an installation of processes do it, where the session of the lock has ended.
  const lost: InTurn = (_, act) =>
    act().catch((fault: unknown) => {
      throw fault instanceof ProcessRefused ? new Contended('lost', { cause: fault }) : fault
    })
  await run(await copy(), async (installation) => {
    const { ledger, service } = installation
    await f.employerUntil('2026-03-01')(service.handle, uuid(812))
    await expect(restart.goOn(installation, lost)).rejects.toThrow(Contended)
    expect((await ledger.load(request, next.request)).state.status).toBe('inSession')
    await restart.goOn(installation)
    expect(await endOf(installation)).toBe('undone')
  })
})

describe('CGU-99: a session that comes to nothing once it has written the card', () => {
  const statusOf = async ({ ledger }: Installation, serial: string) =>
    (await ledger.load(certificate, serial)).state.status

  it('leaves the certificate on another card alone', async () => {
    await run(await copy(), async (installation) => {
      const { service, issuance } = installation
      await on(certificate, old.serial, f.acceptedByHolder)(service.handle, uuid(820))
      await issuing(installation)
      await undoIssuance(issuance, next.request, { outcome: 'cardFailed', scrap: 'spoiled' })
      expect(await statusOf(installation, next.serial)).toBe('revoked')
      expect(await statusOf(installation, old.serial)).toBe('accepted')
    })
  })

  it('revokes what the card bore in its holder’s use: it cannot be used any more', async () => {
    await run(await copy(), async (installation) => {
      const { ledger, service, issuance } = installation
      await on(certificate, old.serial, f.acceptedByHolder)(service.handle, uuid(820))
      await on(card, old.card, f.pinDefined)(service.handle, uuid(821))
      await on(request, old.request, f.handedOver)(service.handle, uuid(822))
      const again = await openCase(installation, 3, [old.serial], old.card)
      await issueCertificate(issuance, again.request)
      await undoIssuance(issuance, again.request, { outcome: 'cardFailed', scrap: 'spoiled' })
      expect((await ledger.load(card, old.card)).state.status).toBe('scrapped')
      expect(await statusOf(installation, again.serial)).toBe('revoked')
      expect(await statusOf(installation, old.serial)).toBe('revoked')
    })
  })
})

describe('CGU-76: a plan that stood before a crash, and that lints refuse after it, goes on the CRL for good', () => {
  const planned = async (): Promise<string> => {
    const directory = await copy()
    const at = effects.findIndex(([, name]) => name === 'CertificatePlanned')
    expect((await run(directory, issuing, { cutAt: at + 2 })).isCut()).toBe(true)
    return directory
  }
  /** Another release, whose policy the plan does not fit: what was planned is neither signed again nor replaced. */
  const newer = ({ issuance }: Installation): Installation['issuance'] => {
    const { service } = issuance
    const holder = { ...service.policy.holder, policyOid: '1.2.250.1.131.1.99' }
    return { ...issuance, service: { ...service, policy: { ...service.policy, holder } } }
  }
  const abandoned = {
    stream: `certificate-${next.serial}`,
    event: { type: 'CertificateAbandoned', data: { cause: 'lint', maybeSigned: true } },
  }

  it('by who sits at the desk', async () => {
    await run(await planned(), async (installation) => {
      await expect(issueCertificate(newer(installation), next.request)).rejects.toMatchObject({
        name: 'LintRefused',
      })
      expect((await eventsOf(installation.ledger)).at(-1)).toMatchObject(abandoned)
      expect(await restart.listed(installation)).toEqual([next.serial])
      await undoIssuance(installation.issuance, next.request, { outcome: 'cardFailed', scrap: 'spoiled' })
      expect(await endOf(installation)).toBe('undone')
    })
  })

  it('by the next start', async () => {
    await run(await planned(), async (installation) => {
      await restart.goOn({ ...installation, issuance: newer(installation) })
      const own = (await eventsOf(installation.ledger)).filter(({ stream }) => stream === abandoned.stream)
      expect(own.at(-1)).toMatchObject(abandoned)
      expect(await restart.listed(installation)).toEqual([next.serial])
      expect(await endOf(installation)).toBe('undone')
    })
  })
})

describe('an old key', () => {
  it('CGU-41, CGU-43: is left to the approved recovery that it is under, and comes onto the card after it', async () => {
    await run(await copy(), async (installation) => {
      const { ledger, service } = installation
      const signed = (await ledger.load(certificate, old.serial)).state
      const spki = 'spkiSha256' in signed ? signed.spkiSha256 : ''
      await on(key, spki, f.recoveryStarted)(service.handle, uuid(810))
      await expect(issuing(installation)).rejects.toMatchObject({ code: 'KEY_BUSY' })
      expect((await ledger.load(key, spki)).state).toMatchObject({ under: { recovery: f.Q } })
      await on(key, spki, f.recoveredKey)(service.handle, uuid(811))
      expect(await issuing(installation)).toBe(next.serial)
      const outcomes = dataOf<KeyEvent, 'KeyRecovered'>(await eventsOf(ledger), 'KeyRecovered')
      expect(outcomes).toMatchObject([
        { regime: 'approved', recovery: f.Q },
        { regime: 'newCard', request: next.request, session: 1 },
      ])
      expect(await endOf(installation)).toBe('finished')
    })
  })

  it('CGU-34, CGU-41: a session that its recovery stops is undone, and leaves the recovery alone', async () => {
    await run(await copy(), async (installation) => {
      const { ledger, service, issuance } = installation
      const signed = (await ledger.load(certificate, old.serial)).state
      const spki = 'spkiSha256' in signed ? signed.spkiSha256 : ''
      await on(key, spki, f.recoveryStarted)(service.handle, uuid(810))
      await expect(issuing(installation)).rejects.toMatchObject({ code: 'KEY_BUSY' })
      await undoIssuance(issuance, next.request, { outcome: 'cardFailed', scrap: 'spoiled' })
      expect(await endOf(installation)).toBe('undone')
      expect((await ledger.load(key, spki)).state).toMatchObject({ under: { recovery: f.Q } })
    })
  })
})

describe('the key of an issuance', () => {
  const certificateOf = async ({ ledger }: Installation, serial: string): Promise<X509Certificate> =>
    new X509Certificate(derOf((await ledger.load(certificate, serial)).state)!)

  it('CGU-60: RSA-3072, e 65537, new for every certificate; old and new decrypt on the card', async () => {
    await run(await copy(), async (installation) => {
      await issuing(installation)
      const third = await issue(installation, 3)
      const made = await Promise.all(
        [old, next, third].map(({ serial }) => certificateOf(installation, serial)),
      )
      const spkis = made.map(({ publicKey }) =>
        publicKey.export({ type: 'spki', format: 'der' }).toString('hex'),
      )
      expect(new Set(spkis).size).toBe(3)
      for (const { publicKey, ca } of made) {
        expect(publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 3072, publicExponent: 65537n })
        expect(ca).toBe(false)
      }
      expect(await installation.cards.read(next.card)).toEqual([next.serial, old.serial])
      expect(await installation.cards.testDecryption(next.card)).toBe(true)
    })
  })

  it('CGU-60: a public key that another serial has is given up, and another one made', async () => {
    await run(await copy(), async (installation) => {
      const { vault, service, ledger } = installation
      await vault.escrow.fillStock(1)
      const [taken] = (await vault.escrow.inventory()).filter(({ state }) => state === 'stock')
      const spki = taken!.spkiSha256
      const elsewhere = { serial: `7${'0'.repeat(31)}`, custody: 'escrow', algorithm: 'rsa3072' } as const
      await perform(service, bindPublicKey, { key: 'elsewhere', data: { spki, ...elsewhere } })
      await issuing(installation)
      const made = await certificateOf(installation, next.serial)
      const der = made.publicKey.export({ type: 'spki', format: 'der' })
      expect(createHash('sha256').update(der).digest('hex')).not.toBe(spki)
      expect((await ledger.load(key, spki)).state).toMatchObject({
        status: 'bound',
        serial: elsewhere.serial,
      })
      expect((await vault.escrow.inventory()).find((one) => one.spkiSha256 === spki)?.state).toBe('discarded')
      await audit(installation)
    })
  })
})
