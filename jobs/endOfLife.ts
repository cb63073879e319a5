// The end of the authority's life, where the program acts in it: once issuance has been stopped for good, the declared day has
// come and nobody was forgotten, every certificate that is still valid is revoked, the responders' last, and the end of that is
// recorded (events.md section 4, P5, steps 3 and 4). Each step may be the last before a crash; the next run goes on.
import { createHash } from 'node:crypto'
import { completeRevocations } from '../commands/endOfLife.ts'
import type { Audience, Observed } from '../commands/endOfLifePlan.ts'
import { perform, type Service } from '../commands/program.ts'
import { terminateCertificate } from '../commands/terminateCertificate.ts'
import { authority } from '../domain/authority.ts'
import { finalAnswersOf } from '../domain/ocsp.ts'
import { notYetToRevoke, stillValid } from '../domain/policy/endOfLife.ts'
import { crlEntriesUpTo } from '../readmodels/crls.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import {
  countCertificates,
  issuedSerials,
  lastCrlNumber,
  momentsOf,
  validCertificates,
} from '../readmodels/endOfLife.ts'
import { heldAmong } from '../readmodels/retention.ts'
import { audienceOf } from '../readmodels/terminationAudience.ts'
import type { SettledRows } from '../readmodels/wholeRows.ts'

type Db = OpenDatabase['db']

/** Who is to be told that an authority ends, and how many of them have not been (CGU-81, CGU-84). */
export type ToldEverybody = (rows: Db, issuer: string) => Promise<Audience>

export type EndOfLifeTools = Readonly<{
  service: Service
  db: Db
  issuer: string
  /** Ledger entries that every read model has taken in. */
  size: () => Promise<number>
  settledRows: SettledRows
  toldEverybody: ToldEverybody
}>

/** The audience as the read models know it. */
export const toldByNotices =
  ({ now }: Pick<Service, 'now'>): ToldEverybody =>
  (rows, issuer) =>
    audienceOf(rows, { issuer, at: now() })

/** What the commands of the end are given, at a size of the ledger that the read models have taken in. */
const numbersOf = async (
  { service, issuer }: Pick<EndOfLifeTools, 'service' | 'issuer'>,
  rows: Db,
  upTo: number,
) => {
  const count = await countCertificates(rows, issuer, { upTo, at: service.now() })
  return { count, entries: (await crlEntriesUpTo(rows, issuer, upTo)).length }
}

/** What the dry run and the officers' commands are told beside the authority's own streams. */
export const observeEnd = async (tools: EndOfLifeTools): Promise<Observed> => {
  const { service, issuer, settledRows, toldEverybody } = tools
  const { state } = await service.ledger.load(authority, issuer)
  const keys = 'servicekey' in state ? [state.servicekey] : []
  return settledRows(async (rows, size) => {
    const crlNumber = await lastCrlNumber(rows, issuer)
    const held = await heldAmong(
      rows,
      keys.map((servicekey) => `reg/${servicekey}`),
    )
    return {
      ...(await numbersOf(tools, rows, size)),
      ...{ crlNumber, held: held.length > 0 },
      audience: await toldEverybody(rows, issuer),
      moments: await momentsOf(rows, [
        ...[`authority-${issuer}`, `crl-${issuer}-${crlNumber}`, `ocsp-${finalAnswersOf(issuer)}`],
        ...keys.map((servicekey) => `servicekey-${servicekey}`),
      ]),
    }
  })
}

/** The same of what only the commands ask for, as the read models have it now: for a look, which waits for nobody. */
export const glanceAtEnd = async (
  tools: EndOfLifeTools,
): Promise<Pick<Observed, 'count' | 'crlNumber' | 'entries'>> => {
  const { service, db, issuer, size } = tools
  const crlNumber = await lastCrlNumber(db, issuer)
  const { state } = await service.ledger.load(authority, issuer)
  // Before all is revoked these commands are refused whatever the numbers are: nobody counts for that.
  if (!('issued' in state)) {
    const none = { issued: 0, revoked: 0, expired: 0, abandoned: 0, planned: 0 }
    return { crlNumber, entries: 0, count: { upTo: await size(), ...none } }
  }
  return { crlNumber, ...(await numbersOf(tools, db, await size())) }
}

/** Digest of every serial that was issued before a size of the ledger: one a line, in their order. */
export const serialsSha256 = async (db: Db, issuer: string, upTo: number): Promise<string> => {
  const hash = createHash('sha256')
  for await (const serial of issuedSerials(db, issuer, upTo)) hash.update(`${serial}\n`)
  return hash.digest('hex')
}

const batch = 500

/** Revokes all that is valid, when all that has to come before it has come, and records that it is done. */
export const revokeAll = async (tools: EndOfLifeTools): Promise<void> => {
  const { service, issuer, settledRows } = tools
  const { state } = await service.ledger.load(authority, issuer)
  if (notYetToRevoke(state, service.now()) !== undefined) return
  const { untold } = await settledRows((rows) => tools.toldEverybody(rows, issuer))
  if (untold > 0) return
  const circumstances = { correlationId: 'servicekey' in state ? state.servicekey : issuer }
  for (;;) {
    const valid = { at: service.now(), limit: batch }
    const serials = await settledRows((rows) => validCertificates(rows, issuer, valid))
    if (serials.length === 0) break
    for (const serial of serials)
      await perform(service, terminateCertificate, { key: serial, data: { serial }, circumstances })
  }
  const count = await settledRows((rows, upTo) =>
    countCertificates(rows, issuer, { upTo, at: service.now() }),
  )
  // A plan that is under way gets its outcome first; the next run counts again.
  if (stillValid(count) !== undefined) return
  await perform(service, completeRevocations, {
    key: issuer,
    data: { issuer, ...count, untold },
    circumstances,
  })
}
