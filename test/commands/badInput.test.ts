// What somebody who can write the vault has changed, at each way on which a key goes: refused with its own code, the refusal in the ledger,
// nothing delivered, nothing lost (CGU-38, CGU-41, CGU-43, CGU-46).
import { join } from 'node:path'
import type { LightMyRequestResponse } from 'fastify'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { issueCertificate } from '../../commands/issueCertificate.ts'
import { recoverKey } from '../../commands/recoverKey.ts'
import { rewrapKeys } from '../../commands/rewrapKeys.ts'
import { certificate } from '../../domain/certificate.ts'
import { recovery } from '../../domain/recovery.ts'
import { openEscrow, type SoftwareEscrow } from '../../hsm/escrow.ts'
import type { EscrowRow, EscrowStore } from '../../hsm/escrowStore.ts'
import { openFileEscrowStore } from '../../hsm/escrowStoreFile.ts'
import { openRecordStore } from '../../hsm/recordStore.ts'
import { openKeys, removeDirectory, sha256, temporaryDirectory } from '../hsm/custody.ts'
import { uuid } from '../ledger/filled.ts'
import { openEmbedded } from '../support/embedded.ts'
import { on } from '../support/given.ts'
import { holderKeys } from '../support/holderKeys.ts'
import { desk, done, validated, verdict } from '../support/life.ts'
import { approved } from '../support/recoveredLife.ts'
import * as f from './facts.ts'
import { eventsOf, openCase, openCopies, openInstallation, type Installation } from './installation.ts'

const at = '2026-03-02T09:00:00Z'
const recordKey = Buffer.alloc(32, 7)
const [old, next, third] = [1, 2, 3].map((n) => `4${String(n).padStart(31, '0')}`) as [string, string, string]
const request = uuid(502)

type Opened = Readonly<{
  installation: Installation
  store: EscrowStore
  escrow: SoftwareEscrow
  /** A key wrapped in a vault that is not this one. */
  foreign: () => Promise<Buffer>
  close: () => Promise<void>
}>

/** An installation whose escrow lies in rows that the test can write. */
const open = async (directory: string): Promise<Opened> => {
  const plain = await openInstallation(directory, () => at)
  const keys = await openKeys(directory)
  const records = await openRecordStore({ path: join(directory, 'rows.records'), key: recordKey })
  const store = await openFileEscrowStore(records)
  const source = holderKeys(store.inventory)
  const escrow = await openEscrow(store, { keys, now: () => at, holderKeys: source })
  const vault = { ...plain.vault, escrow }
  const foreign = async () => (await keys.escrowKek('escrow-elsewhere')).adopt(await source())
  const installation = { ...plain, vault, issuance: { ...plain.issuance, escrow } }
  const close = async (): Promise<void> => {
    await records.close()
    await keys.close()
    await plain.close()
  }
  return { installation, store, escrow, foreign, close }
}

let scratch: string
let copy: () => Promise<string>
beforeAll(async () => {
  scratch = await temporaryDirectory()
  const template = join(scratch, 'template')
  const { installation, store, close } = await open(template)
  for (const n of [1, 3]) {
    await openCase(installation, n)
    await issueCertificate(installation.issuance, uuid(500 + n))
  }
  await openCase(installation, 2, [old])
  const spki = (await store.bySerial(old))!.spkiSha256
  const approvals = [6, 7].map((person) => f.approvedBy(person, '2026-03-05T09:00:00Z'))
  const asked = f.asked({ serial: old, key: spki })
  await on(recovery, f.Q, asked, ...approvals)(installation.service.handle, uuid(800))
  await close()
  copy = openCopies(scratch, template)
})
afterAll(() => removeDirectory(scratch))

type Change = (row: EscrowRow, opened: Opened) => Promise<EscrowRow> | EscrowRow
const another = async ({ store }: Opened): Promise<EscrowRow> => (await store.bySerial(third))!
const changes = {
  'a truncated blob': (row) => ({ ...row, blob: row.blob.subarray(0, -8) }),
  'a wrapped key from another vault': async (row, { foreign }) => ({
    ...row,
    blob: await foreign(),
    octets: 1,
  }),
  'the blob of another row': async (row, opened) => ({
    ...row,
    blob: (await another(opened)).blob,
    octets: 1,
  }),
  'another end of its term': (row) => ({ ...row, kept: { ...row.kept!, until: '2066-03-02T09:00:00Z' } }),
  'a ruined blob, that says it is kept': (row) => {
    const blob = Buffer.from(row.blob).fill(0, 8, 64)
    const record = { blobSha256: sha256(blob), recordMac: '0'.repeat(64), testedAt: at, from: at }
    return {
      ...{ ...row, blob, state: 'kept' },
      kept: { person: uuid(1), ...record, until: '2036-03-02T09:00:00Z' },
    }
  },
  'the public half of another row': async (row, opened) => ({ ...row, spki: (await another(opened)).spki }),
} as const satisfies Record<string, Change>

/** The row of a serial is changed. @returns puts it back */
const spoil = async (opened: Opened, serial: string, change: Change): Promise<() => Promise<void>> => {
  const { store } = opened
  const row = (await store.bySerial(serial))!
  await store.replace(row, await change(row, opened))
  return async () => store.replace((await store.byKey(row.spkiSha256))!, row)
}

type Way = Readonly<{
  /** Spoils what the way is about, then goes it. @returns puts it right again */
  spoiltBy: (opened: Opened, change: Change) => Promise<() => Promise<void>>
  go: (opened: Opened) => Promise<unknown>
  recorded: (code: string) => object
}>
const issuing = ({ installation }: Opened): Promise<unknown> =>
  issueCertificate(installation.issuance, request)
const refused = (command: string, clause: string) => (code: string) => ({
  ...{ type: 'CommandRefused', data: { command, clause, code } },
})
const failed = (stage: string) => (fault: string) => ({ type: 'KeyRecoveryFailed', data: { stage, fault } })

const ways: Readonly<Record<string, Way>> = {
  'kept for a certificate': {
    spoiltBy: async (opened, change) => {
      await opened.escrow.reserve(next)
      return spoil(opened, next, change)
    },
    go: issuing,
    recorded: refused('EscrowKey', 'CGU-38'),
  },
  'released for its first card': {
    spoiltBy: async (opened, change) => {
      const { issuance } = opened.installation
      const { cards } = issuance
      let repair: (() => Promise<void>) | undefined
      // Once the card has begun: what was spoilt before is found already where the key is kept.
      const begin: typeof cards.begin = async (card) => {
        repair ??= await spoil(opened, next, change)
        return await cards.begin(card)
      }
      Object.assign(issuance, { cards: { ...cards, begin } })
      return async () => repair?.()
    },
    go: issuing,
    recorded: refused('RecordCardWriting', 'CGU-42'),
  },
  'recovered for a new card': {
    spoiltBy: (opened, change) => spoil(opened, old, change),
    go: issuing,
    recorded: failed('escrow'),
  },
  'recovered on request': {
    spoiltBy: (opened, change) => spoil(opened, old, change),
    go: ({ installation: { service, vault, chain, issuance } }) =>
      recoverKey(
        {
          ...{ service, escrow: issuance.escrow, deliveries: vault.deliveries, iterations: 1000 },
          ...{ ca: chain.ca, root: chain.root },
        },
        f.Q,
        f.officerA.person,
      ),
    recorded: failed('output'),
  },
  'moved to another KEK': {
    spoiltBy: (opened, change) => spoil(opened, old, change),
    go: async ({ installation: { service }, escrow, store }) => {
      const from = (await store.bySerial(third))!.kek
      await escrow.retireKek(from)
      const to = (await escrow.currentKek()).id
      const { refused: all } = await rewrapKeys({ service, escrow }, { from, to })
      for (const { fault } of all) throw Object.assign(new Error(fault), { code: fault })
    },
    recorded: refused('RewrapKey', 'CGU-41'),
  },
}

const [kept, card, renewal, request46, move] = Object.keys(ways) as [string, string, string, string, string]
const [cut, elsewhere, exchanged, term, madeUp, half] = Object.keys(changes) as (keyof typeof changes)[]
it.each([
  [kept, cut!, 'blobTruncated'],
  [kept, elsewhere!, 'blobOfAnotherVault'],
  [kept, exchanged!, 'keyMismatch'],
  [kept, half!, 'publicKeyChanged'],
  [kept, madeUp!, 'recordChanged'],
  [card, cut!, 'blobTruncated'],
  [card, elsewhere!, 'blobOfAnotherVault'],
  [card, term!, 'recordChanged'],
  [renewal, cut!, 'blobTruncated'],
  [renewal, elsewhere!, 'blobOfAnotherVault'],
  [request46, cut!, 'blobTruncated'],
  [request46, elsewhere!, 'blobOfAnotherVault'],
  [request46, term!, 'recordChanged'],
  [move, cut!, 'blobTruncated'],
  [move, term!, 'recordChanged'],
])(
  'CGU-38, CGU-41: a key %s, from a row with %s: refused as %s, recorded, nothing out, nothing lost',
  async (way, change, code) => {
    const { spoiltBy, go, recorded } = ways[way]!
    const opened = await open(await copy())
    const { installation, escrow } = opened
    const { ledger, cards, vault } = installation
    try {
      const repair = await spoiltBy(opened, changes[change])
      await expect(go(opened)).rejects.toMatchObject({ code })
      const events = (await eventsOf(ledger)).map(({ event }) => event)
      expect(events.filter(({ type }) => /Refused$|Failed$/.test(type))).toMatchObject([recorded(code)])
      expect(await vault.deliveries.inventory()).toEqual([])
      expect(await cards.read(uuid(602))).toEqual([])
      const { status } = (await ledger.load(certificate, next)).state
      expect(status).toBe(way === kept || way === request46 || way === move ? 'unknown' : 'issued')
      await repair()
      await go(opened)
      for (const serial of [old, third]) (await escrow.release(serial)).fill(0)
    } finally {
      await opened.close()
    }
  },
)

const nothingOut = async ({ installation: { vault, cards } }: Opened): Promise<void> => {
  expect(await vault.deliveries.inventory()).toEqual([])
  expect(await cards.read(uuid(602))).toEqual([])
}

it('CGU-43: rows that were swapped give no key to anybody; put back, nothing is lost', async () => {
  const opened = await open(await copy())
  const { store, installation } = opened
  const [mine, other] = [(await store.bySerial(old))!, (await store.bySerial(third))!]
  const aside = '4fffffffffffffffffffffffffffffff'
  try {
    await store.replace(mine, { ...mine, serial: aside })
    await store.replace(other, { ...other, serial: old })
    for (const [way, stage] of [
      [request46, 'output'],
      [renewal, 'escrow'],
    ] as const) {
      await expect(ways[way]!.go(opened)).rejects.toMatchObject({ code: 'rowSwapped' })
      expect((await eventsOf(installation.ledger)).at(-1)!.event).toMatchObject(failed(stage)('rowSwapped'))
    }
    await nothingOut(opened)
    await store.replace({ ...other, serial: old }, other)
    await store.replace({ ...mine, serial: aside }, mine)
    for (const way of [request46, renewal]) await ways[way]!.go(opened)
    for (const serial of [old, third]) (await opened.escrow.release(serial)).fill(0)
  } finally {
    await opened.close()
  }
})

it('CGU-43: the record of a serial, whole, with a key that is not the one of its certificate, gives no key to anybody', async () => {
  const opened = await open(await copy())
  const { store, escrow, installation } = opened
  const mine = (await store.bySerial(old))!
  const aside = '4fffffffffffffffffffffffffffffff'
  try {
    // Whoever has the escrow itself asked for it: every MAC of this row is right, and only the certificate says otherwise.
    await store.replace(mine, { ...mine, serial: aside })
    await escrow.reserve(old)
    const { person, from, until } = mine.kept!
    await escrow.keep({ ...{ serial: old, person }, from, until })
    for (const [way, stage] of [
      [request46, 'output'],
      [renewal, 'escrow'],
    ] as const) {
      await expect(ways[way]!.go(opened)).rejects.toMatchObject({ code: 'certificateMismatch' })
      const { event } = (await eventsOf(installation.ledger)).at(-1)!
      expect(event).toMatchObject(failed(stage)('certificateMismatch'))
    }
    await nothingOut(opened)
    const { spkiSha256 } = (await store.bySerial(old))!
    await store.remove(spkiSha256)
    await store.replace({ ...mine, serial: aside }, mine)
    for (const way of [request46, renewal]) await ways[way]!.go(opened)
    for (const serial of [old, third]) (await escrow.release(serial)).fill(0)
  } finally {
    await opened.close()
  }
})

it('CGU-41, CGU-46: over HTTP what the escrow refuses is ESCROW_REFUSED, not to be tried again; the journal has the code, and nothing is lost', async () => {
  const directory = await temporaryDirectory()
  const keys = await openKeys(directory)
  const records = await openRecordStore({ path: join(directory, 'rows.records'), key: recordKey })
  const store = await openFileEscrowStore(records)
  const escrow = await openEscrow(store, { keys, now: () => at, holderKeys: holderKeys(store.inventory) })
  const product = await openEmbedded({ api: 100_000 }, {}, 'quick', escrow)
  const refusedAs = async (code: string): Promise<readonly unknown[]> =>
    (await product.journal()).filter(({ data }) => data['code'] === code).map(({ data }) => data['command'])
  const expectRefused = (answer: LightMyRequestResponse): void => {
    expect(verdict(answer)).toEqual([409, 'ESCROW_REFUSED'])
    expect(answer.headers['retry-after']).toBeUndefined()
    expect(answer.json()).toMatchObject({ clause: 'CGU-41' })
    expect(answer.body).not.toMatch(/blob|truncated|KeyFault/i)
  }
  const cutRow = async (serial: string): Promise<() => Promise<void>> => {
    const row = (await store.bySerial(serial))!
    await store.replace(row, { ...row, blob: row.blob.subarray(0, -8) })
    return async () => store.replace((await store.bySerial(serial))!, row)
  }
  try {
    const life = await validated(product)
    const issuance = `/requests/${life.request}/sessions/current/issuance`
    const { serial } = done(await life.ra.post(`/requests/${life.request}/sessions`, desk)).session
    await escrow.reserve(serial)
    const repair = await cutRow(serial)
    for (let i = 0; i < 2; i += 1) expectRefused(await life.ra.post(issuance))
    expect(await refusedAs('blobTruncated')).toEqual(['EscrowKey', 'EscrowKey'])
    await repair()
    const issued = done(await life.ra.post(issuance))
    expect(issued.serial).toBe(serial)

    const { card, position } = issued
    const { id, officer } = await approved(product, { ...life, serial, card, position })
    const execution = () => officer.post(`/recovery-requests/${id}/execution`)
    const repairKept = await cutRow(serial)
    expectRefused(await execution())
    const events = (await eventsOf(product.ledger)).map(({ event }) => event)
    const failures = events.filter(({ type }) => type === 'KeyRecoveryFailed')
    expect(failures).toMatchObject([failed('output')('blobTruncated')])
    await repairKept()
    done(await execution())
  } finally {
    await product.close()
    await records.close()
    await keys.close()
    await removeDirectory(directory)
  }
})
