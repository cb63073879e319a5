// CGU-41: keys move from one KEK to another, and a stop at any step loses none of them; destroyed keys stay destroyed in what is
// restored from a backup (CGU-116).
import fc from 'fast-check'
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { destroyUnits } from '../../commands/destroyUnits.ts'
import { removeUnneeded } from '../../commands/escrowKeks.ts'
import { createHandle } from '../../commands/handle.ts'
import { bindPublicKey, escrowKey, rewrapKey } from '../../commands/keys.ts'
import { perform } from '../../commands/program.ts'
import { purgeDestroyed } from '../../commands/purge.ts'
import { rewrapKeys, type RewrapReport } from '../../commands/rewrapKeys.ts'
import { certificate, type CertificateEvent } from '../../domain/certificate.ts'
import { destruction, type DestructionEvent } from '../../domain/destruction.ts'
import { key } from '../../domain/key.ts'
import { serviceKey, type ServiceKeyEvent } from '../../domain/serviceKey.ts'
import { escrowUntil } from '../../domain/policy/validity.ts'
import { textOfPlace } from '../../ledger/place.ts'
import { removeDirectory, temporaryDirectory } from '../hsm/custody.ts'
import { uuid } from '../ledger/filled.ts'
import { given, on } from '../support/given.ts'
import * as f from './facts.ts'
import { eventsOf, openCopies, openInstallation, runUntilCut, type Installation } from './installation.ts'

const at = '2026-03-02T09:00:00Z'
const serials = [1, 2, 3].map((n) => `4${String(n).padStart(31, '0')}`)
const person = uuid(1)

let scratch: string
let copy: () => Promise<string>
/** Public keys of the serials. */
const keys = new Map<string, string>()
let from = ''

/** A key of the escrow, in the vault and in the ledger, as issuance leaves it. */
const escrowOne = async ({ service, vault: { escrow } }: Installation, serial: string): Promise<void> => {
  const { spkiSha256: spki } = await escrow.reserve(serial)
  keys.set(serial, spki)
  const bound = { serial, custody: 'escrow', request: uuid(2), session: 1, algorithm: 'rsa3072' } as const
  await perform(service, bindPublicKey, { key: serial, data: { spki, ...bound } })
  const until = escrowUntil(at, service.policy.escrow.years)
  const record = await escrow.keep({ serial, person, from: at, until })
  const names = { holderName: 'Zoë Durand', entity: uuid(3) }
  const data = { ...record, spki, serial, person, request: uuid(2), ...names }
  await perform(service, escrowKey(service.policy), { key: serial, data })
}

beforeAll(async () => {
  scratch = await temporaryDirectory()
  const template = join(scratch, 'template')
  const installation = await openInstallation(template, () => at)
  for (const serial of serials) await escrowOne(installation, serial)
  await installation.vault.escrow.fillStock(1)
  from = (await installation.vault.escrow.currentKek()).id
  await installation.close()
  copy = openCopies(scratch, template)
})
afterAll(() => removeDirectory(scratch))

const move = async ({ service, vault: { escrow } }: Installation): Promise<RewrapReport> => {
  await escrow.retireKek(from)
  const to = (await escrow.currentKek()).id
  return rewrapKeys({ service, escrow }, { from, to, atOnce: 1 })
}

const released = async ({ vault }: Installation, serial: string): Promise<string> => {
  const pkcs8 = Buffer.from(await vault.escrow.release(serial, keys.get(serial)))
  const half = createPublicKey(createPrivateKey({ key: pkcs8, type: 'pkcs8', format: 'der' }))
  return createHash('sha256')
    .update(half.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}

const rowsOf = async ({ vault }: Installation) => {
  const rows = []
  for await (const row of vault.escrow.rows()) rows.push(row)
  return rows
}

const within = async <T>(directory: string, act: (installation: Installation) => Promise<T>): Promise<T> => {
  const installation = await openInstallation(directory, () => at)
  try {
    return await act(installation)
  } finally {
    await installation.close()
  }
}

describe('a key moves to another KEK', () => {
  const kek = 'kek' in f.escrowed.data ? f.escrowed.data.kek : ''
  const facts = { escrowed: f.escrowed, recoveryStarted: f.recoveryStarted, recoveredKey: f.recoveredKey }
  it('CGU-41: while it is kept, and not while a recovery holds it', async () => {
    const steps = fc.constantFrom(0, 1, 2, 3, 4)
    const to = fc.constantFrom(kek, uuid(77))
    await fc.assert(
      fc.asyncProperty(steps, to, async (count, toKek) => {
        const events = [f.bound, facts.escrowed, facts.recoveryStarted, facts.recoveredKey].slice(0, count)
        const data = { spki: f.K, toKek, blobSha256: f.digest, recordMac: f.digest }
        const outcome = await given(...(count === 0 ? [] : [on(key, f.K, ...events)]))
          .when(rewrapKey, data, f.program)
          .outcome()
        const kept = toKek === kek ? 'nothing' : 'EscrowedKeyRewrapped'
        const expected = ['CGU-38 KEY_NOT_ESCROWED', 'CGU-38 KEY_NOT_ESCROWED', kept, 'CGU-41 KEY_BUSY', kept]
        expect(outcome).toBe(expected[count])
      }),
      { seed: 41, numRuns: 20 },
    )
  })

  it('CGU-41: stopped at any step, every key is whole under one KEK, and the next run leaves vault and ledger agreed', async () => {
    for (let cutAt = 1; ; cutAt += 1) {
      const directory = await copy()
      const { isCut, names } = await runUntilCut(directory, move, { cutAt, at })
      await within(directory, async (installation) => {
        const rows = await rowsOf(installation)
        expect(rows).toHaveLength(4)
        for (const serial of serials) expect(await released(installation, serial)).toBe(keys.get(serial))
        expect(await move(installation)).toMatchObject({ busy: [], refused: [] })
        const to = (await installation.vault.escrow.currentKek()).id
        expect(to).not.toBe(from)
        for (const row of await rowsOf(installation)) {
          expect(row.kek).toBe(to)
          const held = (await installation.ledger.load(key, row.spkiSha256)).state
          if ('kek' in held) expect([held.kek, held.blobSha256]).toEqual([to, row.kept?.blobSha256])
        }
        const moved = (await eventsOf(installation.ledger)).filter(
          ({ event }) => event.type === 'EscrowedKeyRewrapped',
        )
        expect(moved.map(({ event }) => event.data)).toHaveLength(serials.length)
        for (const { event } of moved) expect(event.data).toMatchObject({ fromKek: from, toKek: to })
        expect(await released(installation, serials[0]!)).toBe(keys.get(serials[0]!))
      })
      if (!isCut()) {
        expect(names.length).toBeGreaterThan(10)
        return
      }
      await removeDirectory(directory)
    }
  })

  it('CGU-41: no holder’s name is opened for it', async () => {
    await within(await copy(), async (installation) => {
      const ledger = {
        ...installation.ledger,
        load: () => Promise.reject(new Error('a stream was opened')),
      }
      const handle = createHandle({ ledger, policy: 1, release: 'test' })
      // Its journal is written by the handler of the installation, which opens what it likes.
      const service = { ...installation.service, ledger, handle }
      const report = await move({ ...installation, service })
      expect(report).toMatchObject({ total: 4, moved: 4, busy: [], refused: [] })
    })
  })

  it('CGU-41: one that does not hold what its record says stays as it is, and is told by its code; the others move', async () => {
    await within(await copy(), async (installation) => {
      const { escrow } = installation.vault
      const bad = keys.get(serials[1]!)!
      const refuses: typeof escrow.rewrap = (spki, to) =>
        escrow.rewrap(spki === bad ? '0'.repeat(64) : spki, to)
      const faulty = {
        ...installation,
        vault: { ...installation.vault, escrow: { ...escrow, rewrap: refuses } },
      }
      const report = await move(faulty)
      expect(report).toMatchObject({
        total: 4,
        moved: 3,
        refused: [{ spkiSha256: bad, fault: 'keyNotHeld' }],
      })
      expect((await escrow.countsByKek()).get(from)).toBe(1)
      await expect(escrow.destroyKek(from)).rejects.toMatchObject({ code: 'kekNeeded' })
      expect(await released(installation, serials[1]!)).toBe(bad)
    })
  })
})

describe('CGU-116: the end of the term', () => {
  const D = uuid(800)
  const later = '2036-03-04T09:00:00Z'
  const units = serials.map((serial) => `escrow/${serial}`)
  const ready: readonly DestructionEvent[] = [
    {
      type: 'DestructionProposed',
      data: { class: 'escrow', cause: 'termEnded', units, latestDue: later, proposer: uuid(60) },
    },
    {
      type: 'EliminationVisaRecorded',
      data: { visaSha256: f.digest, grantedOn: '2036-03-03', reference: 'bordereau 12' },
    },
    { type: 'DestructionApproved', data: { nth: 1, listSha256: f.digest, approver: uuid(61) } },
  ]
  const second: DestructionEvent = {
    type: 'DestructionApproved',
    data: { nth: 2, listSha256: f.digest, approver: uuid(62) },
  }

  const kept = async (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
  const destroy = (
    { service, vault }: Installation,
    held: () => Promise<readonly string[]> = async () => [],
    keep = kept,
  ) =>
    destroyUnits(
      {
        ...{ service: f.unsigned(service), escrow: vault.escrow, dataKeys: vault.dataKeys, keep },
        heldAmong: async (asked) => {
          const now = await held()
          return asked.filter((unit) => now.includes(unit))
        },
      },
      D,
    )
  const purge = ({ ledger, vault }: Installation) =>
    purgeDestroyed({ ledger, escrow: vault.escrow, dataKeys: vault.dataKeys })
  const typesOf = async ({ ledger }: Installation): Promise<readonly string[]> =>
    (await eventsOf(ledger)).map(({ event }) => event.type)

  /** Two keys of certificates, and one of a serial that was given up before it was planned; a run that waits for an approval. */
  const approved = async (): Promise<string> => {
    const directory = await copy()
    await within(directory, async ({ service }) => {
      for (const [n, serial] of serials.slice(0, 2).entries()) {
        const data = { ...f.planned.data, spkiSha256: keys.get(serial) } as typeof f.planned.data
        await on(certificate, serial, { type: 'CertificatePlanned', data } as CertificateEvent)(
          service.handle,
          uuid(810 + n),
        )
      }
      await on(destruction, D, ...ready)(service.handle, uuid(820))
    })
    return directory
  }
  const at2036 = async <T>(
    directory: string,
    act: (installation: Installation) => Promise<T>,
  ): Promise<T> => {
    const installation = await openInstallation(directory, () => later)
    try {
      return await act(installation)
    } finally {
      await installation.close()
    }
  }

  it('waits for two officers; what is on hold or under recovery is spared; the rest is gone, and attested', async () => {
    await at2036(await approved(), async (installation) => {
      const { service, vault, ledger } = installation
      expect(await destroy(installation)).toBe(false)
      expect(await vault.escrow.keyOf(serials[0]!)).toBe(keys.get(serials[0]!))
      await on(destruction, D, second)(service.handle, uuid(821))
      await on(key, keys.get(serials[1]!)!, f.recoveryStarted)(service.handle, uuid(822))
      await vault.dataKeys.obtain(`escrow_${serials[0]!}`)
      expect(await destroy(installation)).toBe(true)
      expect(await destroy(installation)).toBe(true)
      const held = await Promise.all(serials.map((serial) => vault.escrow.keyOf(serial)))
      expect(held).toEqual([undefined, keys.get(serials[1]!), undefined])
      expect(await vault.dataKeys.isDestroyed(`escrow_${serials[0]!}`)).toBe(true)
      const done = (await eventsOf(ledger)).filter(({ event }) => /Destroyed$/.test(event.type))
      expect(done.map(({ event }) => event.type)).toEqual([
        ...['EscrowedKeyDestroyed', 'EscrowedKeyDestroyed', 'DataDestroyed'],
      ])
      expect(done.at(-1)!.event.data).toMatchObject({ spared: [units[1]], operators: [uuid(61), uuid(62)] })
    })
  })

  /** A run over three files, which has been approved. */
  const files = [1, 2, 3].map((n) => `reg/${uuid(830 + n)}`)
  const ofFiles = async ({ service, vault }: Installation): Promise<void> => {
    for (const unit of files) await vault.dataKeys.obtain(unit.replace('/', '_'))
    const [proposal, ...visaAndFirst] = ready
    const data = { ...proposal!.data, class: 'reg', units: files }
    const proposed = { type: 'DestructionProposed', data } as DestructionEvent
    await on(destruction, D, proposed, ...visaAndFirst, second)(service.handle, uuid(824))
  }
  const outcomeOf = async ({ ledger }: Installation) =>
    (await eventsOf(ledger)).map(({ event }) => event).findLast(({ type }) => type === 'DataDestroyed')?.data

  it('what is put on hold while the act runs is spared', async () => {
    await at2036(await copy(), async (installation) => {
      const { dataKeys } = installation.vault
      await ofFiles(installation)
      const isFirstGone = () => dataKeys.isDestroyed(files[0]!.replace('/', '_'))
      const held = async () => ((await isFirstGone()) ? [files[2]!] : [])
      expect(await destroy(installation, held)).toBe(true)
      expect(await outcomeOf(installation)).toMatchObject({ units: files.slice(0, 2), spared: [files[2]] })
      expect(await dataKeys.isDestroyed(files[2]!.replace('/', '_'))).toBe(false)
    })
  })

  it.each([
    ['one of them', [0]],
    ['all of them', [0, 1, 2]],
  ])('what is gone was not spared: put on hold before the act was recorded, %s', async (_, late) => {
    await at2036(await copy(), async (installation) => {
      await ofFiles(installation)
      const full = () => Promise.reject(new Error('no room'))
      await expect(destroy(installation, async () => [], full)).rejects.toThrow('no room')
      expect(await destroy(installation, async () => late.map((n) => files[n]!))).toBe(true)
      expect(await outcomeOf(installation)).toMatchObject({ units: files, spared: [] })
    })
  })

  it('stopped at any step, the act goes on to its end, and nothing is said twice', async () => {
    const template = await approved()
    await at2036(template, ({ service }) => on(destruction, D, second)(service.handle, uuid(821)))
    const again = openCopies(join(scratch, 'ends'), template)
    for (let cutAt = 1; ; cutAt += 1) {
      const directory = await again()
      const { isCut } = await runUntilCut(directory, (one) => destroy(one), { cutAt, at: later })
      await at2036(directory, async (installation) => {
        await purge(installation)
        expect(await destroy(installation)).toBe(true)
        for (const serial of serials) expect(await installation.vault.escrow.keyOf(serial)).toBeUndefined()
        const types = await typesOf(installation)
        expect(types.filter((type) => type === 'EscrowedKeyDestroyed')).toHaveLength(3)
        expect(types.filter((type) => type === 'DataDestroyed')).toHaveLength(1)
      })
      await removeDirectory(directory)
      if (!isCut()) return
    }
  })

  it('a vault and a token restored from a backup: what was destroyed since is gone again before anything is served', async () => {
    const directory = await approved()
    const backup = join(scratch, 'backup')
    let kek = ''
    await at2036(directory, async ({ service, vault }) => {
      await on(destruction, D, second)(service.handle, uuid(821))
      await vault.dataKeys.obtain(`escrow_${serials[0]!}`)
      await vault.escrow.retireKek(from)
      kek = from
    })
    for (const part of ['keys', 'vault'])
      await cp(join(directory, part), join(backup, part), {
        recursive: true,
        filter: (file) => !file.includes('lock.'),
      })
    await at2036(directory, async (installation) => {
      const { service, vault } = installation
      expect(await destroy(installation)).toBe(true)
      await expect(vault.escrow.destroyKek(kek)).rejects.toMatchObject({ code: 'kekNeeded' })
      expect(await removeUnneeded(service.ledger, vault.escrow, kek)).toBe(1)
      await vault.escrow.destroyKek(kek)
      await on(serviceKey, kek, ...kekDestroyed)(service.handle, uuid(823))
      expect(await purge(installation)).toEqual({ keys: 0, dataKeys: 0, keks: 0 })
    })
    for (const part of ['keys', 'vault']) {
      await removeDirectory(join(directory, part))
      await cp(join(backup, part), join(directory, part), { recursive: true })
    }
    await at2036(directory, async (installation) => {
      const { vault, ledger } = installation
      // As far as the end of this ledger, says the vault, but in another store, where the same event stood elsewhere.
      for await (const entry of ledger.entries()) {
        const { commit, prepare } = entry.position
        const elsewhere = textOfPlace({ ...entry, position: { commit: commit + 1n, prepare: prepare + 1n } })
        await vault.escrow.setPurgedTo(elsewhere)
        await vault.dataKeys.setPurgedTo(elsewhere)
      }
      // The backup has them: that is what has to be found, and is not to be served.
      for (const serial of serials) expect(await vault.escrow.keyOf(serial)).toBe(keys.get(serial))
      // A key of the stock came back with them, too, which no event names.
      expect(await purge(installation)).toEqual({ keys: 4, dataKeys: 3, keks: 1 })
      for (const serial of serials) {
        expect(await vault.escrow.keyOf(serial)).toBeUndefined()
        expect(await vault.dataKeys.isDestroyed(`escrow_${serial}`)).toBe(true)
      }
      expect((await vault.escrow.countsByKek()).get(kek)).toBeUndefined()
      expect(await purge(installation)).toEqual({ keys: 0, dataKeys: 0, keks: 0 })
    })
  })
})

/** The life of a KEK as the ledger has it, to its end. */
const kekDestroyed: readonly ServiceKeyEvent[] = [
  {
    type: 'ServiceKeyPlanned',
    data: { purpose: 'escrowKek', algorithm: 'aes256', scriptSha256: f.digest, present: 'x' },
  },
  {
    type: 'ServiceKeyGenerated',
    data: { module: 'm', token: 't', attributesSha256: f.digest, minutesSha256: f.digest, present: 'x' },
  },
  { type: 'ServiceKeyDestructionPlanned', data: { copies: [], cause: 'epochEnded', present: 'x' } },
  {
    type: 'ServiceKeyDestroyed',
    data: {
      ...{ copies: [], method: 'kekDestroyed', failedUseCode: 'KEY_NOT_FOUND' },
      ...{ minutesSha256: f.digest, present: 'x' },
    },
  },
]
