// CGU-60: the stock of holders' keys is accounted for, key by key, and what does not add up has a code of its own in the ledger.
import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keysOfLostKeks, recordKek, removeUnneeded } from '../../commands/escrowKeks.ts'
import { bindPublicKey, escrowKey } from '../../commands/keys.ts'
import { countStock, type StockCount } from '../../commands/keyStock.ts'
import { perform } from '../../commands/program.ts'
import { rewrapKeys } from '../../commands/rewrapKeys.ts'
import { serviceKey, type ServiceKeyEvent } from '../../domain/serviceKey.ts'
import { escrowUntil } from '../../domain/policy/validity.ts'
import { inOrder } from '../../jobs/port.ts'
import { openStockCount } from '../../jobs/stockCount.ts'
import { removeDirectory, temporaryDirectory } from '../hsm/custody.ts'
import { uuid } from '../ledger/filled.ts'
import { on } from '../support/given.ts'
import { eventsOf, openCopies, openInstallation, runUntilCut, type Installation } from './installation.ts'

const at = '2026-03-02T09:00:00Z'
let now = at
const person = uuid(1)
const serial = (n: number): string => `4${String(n).padStart(31, '0')}`

const within = async <T>(directory: string, act: (installation: Installation) => Promise<T>): Promise<T> => {
  const installation = await openInstallation(directory, () => now)
  try {
    return await act(installation)
  } finally {
    await installation.close()
  }
}

const toolsOf = ({ service, keys, vault: { escrow } }: Installation) => ({
  ...{ service, escrow, lost: () => keysOfLostKeks(escrow, keys.escrowKekById) },
})
const count = async (installation: Installation): Promise<StockCount> => {
  const { service, escrow } = toolsOf(installation)
  await recordKek(service, await escrow.currentKek())
  return countStock({ service, escrow })
}
type Recorded = Extract<ServiceKeyEvent, { type: 'KeyStockCounted' }>['data']
const countedIn = async ({ ledger }: Installation): Promise<readonly Recorded[]> =>
  (await eventsOf(ledger)).flatMap(({ event }) =>
    event.type === 'KeyStockCounted' ? [event.data as Recorded] : [],
  )

const bind = async ({ service, vault: { escrow } }: Installation, of: string): Promise<string> => {
  const { spkiSha256: spki } = await escrow.reserve(of)
  const bound = { serial: of, custody: 'escrow', request: uuid(2), session: 1, algorithm: 'rsa3072' } as const
  await perform(service, bindPublicKey, { key: of, data: { spki, ...bound } })
  return spki
}

/** A key handed out and kept, as issuance leaves it. */
const handOut = async (installation: Installation, of: string): Promise<string> => {
  const { service, vault } = installation
  const spki = await bind(installation, of)
  const until = escrowUntil(at, service.policy.escrow.years)
  const record = await vault.escrow.keep({ serial: of, person, from: at, until })
  const names = { holderName: 'Zoë Durand', entity: uuid(3) }
  const data = { ...record, spki, serial: of, person, request: uuid(2), ...names }
  await perform(service, escrowKey(service.policy), { key: of, data })
  return spki
}

let scratch: string
let copy: () => Promise<string>
beforeAll(async () => {
  scratch = await temporaryDirectory()
  const template = join(scratch, 'template')
  await within(template, async (installation) => {
    await installation.vault.escrow.fillStock(3)
    expect(await count(installation)).toMatchObject({ added: 3, bound: 0, discarded: 0, left: 3, faults: [] })
  })
  copy = openCopies(scratch, template)
  now = '2026-03-03T09:00:00Z'
})
afterAll(() => removeDirectory(scratch))

describe('the stock is counted', () => {
  it('CGU-60: made, handed out, given up and left add up, whatever lies in between', async () => {
    await within(await copy(), async (installation) => {
      const { escrow } = installation.vault
      await handOut(installation, serial(1))
      await bind(installation, serial(2))
      // Set aside, and neither bound nor kept yet.
      await escrow.reserve(serial(3))
      // Made at the desk, as none was left.
      await handOut(installation, serial(4))
      await escrow.fillStock(2)
      expect(await count(installation)).toMatchObject({
        added: 3,
        bound: 4,
        discarded: 0,
        left: 2,
        faults: [],
      })
      now = '2026-03-04T09:00:00Z'
      // What was counted as handed out is not counted again when the ledger knows it.
      await handOut(installation, serial(3))
      await escrow.reserve(serial(5))
      await escrow.discard(serial(5))
      expect(await count(installation)).toMatchObject({
        added: 0,
        bound: 0,
        discarded: 1,
        left: 1,
        faults: [],
      })
      const lefts = (await countedIn(installation)).map(({ left }) => left)
      expect(lefts).toEqual([3, 2, 1])
    })
  })

  it('once a day, under each new KEK, and not where nothing is made ahead', async () => {
    await within(await copy(), async (installation) => {
      const tools = toolsOf(installation)
      const stock = openStockCount({ ...tools, count: 3 })
      const { job } = stock
      for (const day of ['03', '03', '04']) {
        now = `2026-03-${day}T10:00:00Z`
        await job.run(inOrder)
      }
      expect(await countedIn(installation)).toHaveLength(3)
      const { id: from } = await tools.escrow.currentKek()
      await tools.escrow.retireKek(from)
      const { id: to } = await tools.escrow.currentKek()
      await rewrapKeys(tools, { from, to })
      await job.run(inOrder)
      expect(await countedIn(installation)).toMatchObject([{}, {}, {}, { added: 0, left: 3 }])
      expect(stock.alarm()).toBe(true)
    })
    await within(join(scratch, 'none'), async (installation) => {
      const tools = toolsOf(installation)
      await openStockCount({ ...tools, count: 0 }).job.run(inOrder)
      expect(await countedIn(installation)).toEqual([])
      // Before the first key there is nothing to count; with it there is, on the same day.
      await recordKek(tools.service, await tools.escrow.currentKek())
      const { job } = openStockCount({ ...tools, count: 1 })
      await job.run(inOrder)
      expect(await countedIn(installation)).toEqual([])
      await tools.escrow.fillStock(1)
      for (const _ of [1, 2]) await job.run(inOrder)
      expect(await countedIn(installation)).toMatchObject([{ added: 1, left: 1 }])
    })
  })

  it('CGU-41: keys under a KEK that is gone, as with keys from an older backup, are an alarm; none of the stock is handed out', async () => {
    const directory = await copy()
    let gone = ''
    await within(directory, async ({ vault: { escrow } }) => {
      gone = (await escrow.currentKek()).id
    })
    const place = join(directory, 'keys')
    for (const name of await readdir(place)) if (name.startsWith(gone)) await rm(join(place, name))
    await within(directory, async (installation) => {
      const { escrow } = installation.vault
      const stock = openStockCount({ ...toolsOf(installation), count: 3 })
      await stock.job.run(inOrder)
      expect(stock.alarm()).toBe('escrowKekMissing')
      const held = new Set((await escrow.unkept()).map(({ spkiSha256 }) => spkiSha256))
      expect(held.size).toBe(3)
      expect(held.has(await handOut(installation, serial(1)))).toBe(false)
    })
  })

  it('stopped at any step, the next count adds up, and none is written twice', async () => {
    for (let cutAt = 1; ; cutAt += 1) {
      const directory = await copy()
      const { isCut } = await runUntilCut(
        directory,
        async (installation) => {
          await handOut(installation, serial(1))
          await count(installation)
        },
        { cutAt, at: now },
      )
      await within(directory, async (installation) => {
        await handOut(installation, serial(1))
        expect(await count(installation)).toMatchObject({ left: 2, faults: [] })
        const counts = await countedIn(installation)
        expect(counts.map(({ bound }) => bound).reduce((one, other) => one + other)).toBe(1)
        for (const one of counts) expect(one.faults).toBeUndefined()
      })
      await removeDirectory(directory)
      if (!isCut()) return
    }
  })

  it('CGU-116: keys that went with a KEK that was to be destroyed are not missing', async () => {
    await within(await copy(), async (installation) => {
      const { service, escrow } = toolsOf(installation)
      const { id: kek } = await escrow.currentKek()
      await escrow.retireKek(kek)
      expect(await removeUnneeded(service.ledger, escrow, kek)).toBe(3)
      await on(serviceKey, kek, {
        type: 'ServiceKeyDestructionPlanned',
        data: { copies: [], cause: 'epochEnded', present: 'x' },
      })(service.handle, uuid(90))
      expect(await count(installation)).toMatchObject({ discarded: 3, left: 0, faults: [] })
    })
  })
})

describe('a difference between the ledger and the vault', () => {
  const spoil: Readonly<Record<string, (installation: Installation) => Promise<unknown>>> = {
    stockKeyMissing: async ({ vault: { escrow } }) => {
      const [held] = await escrow.inventory()
      await escrow.destroyKey(held!.spkiSha256)
    },
    stockKeyBound: async ({ service, vault: { escrow } }) => {
      const [held] = await escrow.inventory()
      const bound = {
        serial: serial(7),
        custody: 'escrow',
        request: uuid(2),
        algorithm: 'rsa3072',
      } as const
      await perform(service, bindPublicKey, { key: 'x', data: { spki: held!.spkiSha256, ...bound } })
    },
    stockKeyUnbound: async ({ vault: { escrow } }) => {
      await escrow.reserve(serial(8))
      await escrow.keep({ serial: serial(8), person, from: at, until: '2036-03-02T09:00:00Z' })
    },
    escrowedKeyMissing: async (installation) =>
      installation.vault.escrow.destroyKey(await handOut(installation, serial(9))),
    stockListDiffers: async ({ vault: { escrow } }) => {
      const stored = await escrow.stockCount()
      await escrow.setStockCount(stored!.replace(/"stock":\{"([^"]+)":\["[0-9a-f]{64}",/, '"stock":{"$1":['))
    },
  }
  it.each(Object.keys(spoil))('CGU-60: %s is an alarm, in the ledger under its code, once', async (fault) => {
    await within(await copy(), async (installation) => {
      await spoil[fault]!(installation)
      const tools = toolsOf(installation)
      const stock = openStockCount({ ...tools, count: 3 })
      await stock.job.run(inOrder)
      expect(stock.alarm()).toBe(fault)
      expect((await countedIn(installation)).at(-1)).toMatchObject({ faults: [fault] })
      now = '2026-03-05T09:00:00Z'
      await stock.job.run(inOrder)
      expect(stock.alarm()).toBe(true)
      now = '2026-03-03T09:00:00Z'
    })
  })

  it('CGU-60: a vault that comes from a backup is known by its list, and by the keys that it does not have', async () => {
    const directory = await copy()
    const backup = join(scratch, 'vault-backup')
    await cp(join(directory, 'vault'), backup, { recursive: true, filter: (file) => !file.includes('lock.') })
    await within(directory, async (installation) => {
      for (const n of [1, 2, 3, 4]) await handOut(installation, serial(n))
      await count(installation)
    })
    await removeDirectory(join(directory, 'vault'))
    await cp(backup, join(directory, 'vault'), { recursive: true })
    await within(directory, async (installation) => {
      const stock = openStockCount({ ...toolsOf(installation), count: 3 })
      await stock.job.run(inOrder)
      // Three of the keys are in stock again, and the fourth was made after the backup.
      expect(stock.alarm()).toBe('stockListDiffers, stockKeyBound, escrowedKeyMissing')
    })
  })
})
