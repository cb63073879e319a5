// What has to be true of an installation whatever it went through, once it has done what is due. Each question is asked of what lies on
// disk, by code that did not write it where there is some: the verifier of the ledger, a rebuild, the signer's own count.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { ledgerOver, openBlind, openCustody } from '../../cli/parts.ts'
import { reconcile } from '../../cli/reconcile.ts'
import { decodeAny } from '../../domain/aggregates.ts'
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { verifyLedger } from '../../ledger/verify.ts'
import { readModels } from '../../projections/readModels.ts'
import { openDatabase } from '../../readmodels/database.ts'
import { entriesOf, finalOf, statesOf } from '../projections/oracle.ts'
import type { Struck } from './people.ts'

const pub = ({ body }: Entry, field: string): unknown => body.pub[field]

/** How many there are of each type. */
export const countsOf = (types: readonly string[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {}
  for (const type of types) counts[type] = (counts[type] ?? 0) + 1
  return counts
}

/** CGU-38: no certificate of a holder without its key in escrow, and that before it. */
const expectEscrowFirst = (entries: readonly Entry[]): void => {
  const escrowed = new Set<string>()
  const bound = new Map<string, string>()
  for (const entry of entries) {
    if (entry.type === 'KeyEscrowed') escrowed.add(entry.stream.slice('key-'.length))
    if (entry.type === 'CertificatePlanned') bound.set(entry.stream, String(pub(entry, 'spkiSha256')))
    if (entry.type === 'CertificateIssued' && !entry.stream.startsWith('certificate-0'))
      expect.soft([...escrowed, ...unescrowed(entries)], entry.stream).toContain(bound.get(entry.stream))
  }
}

/** Keys that no holder has: those of responders. */
const unescrowed = (entries: readonly Entry[]): readonly string[] =>
  entries
    .filter((entry) => entry.type === 'CertificatePlanned' && pub(entry, 'profile') !== 'encryption')
    .map((entry) => String(pub(entry, 'spkiSha256')))

/** From 1, without gap or repeat. */
const expectRunning = (issuer: string, own: readonly string[]): void =>
  expect.soft(own).toEqual(own.map((_, i) => `${issuer}-${i + 1}`))

/** CGU-76: the numbers of each issuer's lists run from 1, each once. */
const expectCrlNumbers = (entries: readonly Entry[]): void => {
  const planned = entries.filter(({ type }) => type === 'CrlPlanned').map(({ stream }) => stream)
  const issued = entries.filter(({ type }) => type === 'CrlIssued').map(({ stream }) => stream)
  expect.soft(issued.toSorted()).toEqual(planned.toSorted())
  for (const issuer of new Set(planned.map((stream) => stream.replace(/-\d+$/, ''))))
    expectRunning(
      issuer,
      planned.filter((stream) => stream.startsWith(`${issuer}-`)),
    )
}

const expectVerified = async (
  ledger: Ledger,
  { node, config }: Struck,
  keys: Parameters<typeof verifyLedger>[1]['keys'],
) => {
  const { found } = await verifyLedger(node.store().readAll(), {
    ...{ log: config.policy.log, decode: decodeAny, known: [] },
    ...(keys === undefined ? {} : { keys }),
  })
  expect.soft(found).toBe(0)
}

const silent = { json: true, say: () => undefined, result: () => undefined }

/**
 * Looks at a stopped installation.
 * @returns its entries, in order
 */
export const expectWhole = async (struck: Struck): Promise<readonly Entry[]> => {
  const { config, node } = struck
  const custody = await openCustody(config, { cost: 2 })
  const database = await openDatabase({ url: config.databaseUrl ?? '', asItStands: true })
  try {
    const ledger = ledgerOver(node.store(), config, custody.vault.dataKeys)
    const entries = await entriesOf(ledger)
    await expectVerified(ledger, struck, custody.vault.dataKeys)
    expectEscrowFirst(entries)
    expectCrlNumbers(entries)
    const models = readModels(await openBlind(custody))
    expect.soft(await statesOf(database.db, models)).toEqual(await finalOf(ledger, models))
    const held = await custody.vault.escrow.inventory()
    expect.soft(held.filter(({ state }) => state === 'reserved')).toEqual([])
    expect
      .soft(
        held
          .filter(({ kept }) => kept)
          .map(({ spkiSha256 }) => `key-${spkiSha256}`)
          .toSorted(),
      )
      .toEqual(
        entries
          .filter(({ type }) => type === 'KeyEscrowed')
          .map(({ stream }) => stream)
          .toSorted(),
      )
    const sent = entries.filter(({ type }) => type === 'NoticeSent')
    expect
      .soft(readdirSync(join(config.dataDir, 'outbox')).filter((name) => name.endsWith('.eml')))
      .toHaveLength(sent.length)
    expect.soft(await reconcile(config.env, silent)).toBe(true)
    return entries
  } finally {
    await database.close()
    await custody.close()
  }
}
