// `grand-livre custody destroy-kek`: a KEK of the escrow goes by two officers, once nothing lies under it and every copy of it that the ledger
// knows is told to be gone (CGU-90, CGU-116, docs/adr/0025). Ordered in the ledger before it is destroyed, recorded after; given again, it goes on.
import { join, resolve } from 'node:path'
import { removeUnneeded, recordKek } from '../commands/escrowKeks.ts'
import { sha256 } from '../commands/issuing.ts'
import { orRefused } from '../commands/keyRefusals.ts'
import { countStock } from '../commands/keyStock.ts'
import { perform, ProcessRefused } from '../commands/program.ts'
import {
  copiesDiffering,
  planServiceKeyDestruction,
  recordServiceKeyDestruction,
} from '../commands/serviceKeys.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { readIfPresent } from '../hsm/durable.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { lastOn, leave, withOfficers, type Opened } from './ceremonyParts.ts'
import { idsOf, leftOf, readCopies } from './ceremonyScript.ts'
import { readConfig } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { requireOut } from './outDirectory.ts'
import type { Output } from './output.ts'
import { requireInstallation } from './reading.ts'

/** The digest of the attestation that the ledger names; undefined while the destruction is not recorded. */
const recordedIn = async (ledger: Ledger, kek: string): Promise<string | undefined> => {
  const recorded = await lastOn(ledger, `servicekey-${kek}`, 'ServiceKeyDestroyed')
  return recorded?.pub['minutesSha256'] as string | undefined
}

/**
 * Leaves the attestation, before the record that names its digest; one that is recorded stays as it is.
 * @throws ConfigFault where that one is not in the directory: another one would be none
 */
const attested = async (
  { kek, out, recorded }: Readonly<{ kek: string; out: string; recorded: string | undefined }>,
  said: object,
): Promise<Readonly<{ file: string; minutesSha256: string }>> => {
  const name = `kek-destruction-${kek}.json`
  const file = join(resolve(out), name)
  if (recorded === undefined) {
    const bytes = Buffer.from(`${JSON.stringify(said, null, 2)}\n`)
    await leave(out, { [name]: bytes })
    return { file, minutesSha256: sha256(bytes) }
  }
  const there = await readIfPresent(file)
  if (there !== undefined && sha256(there) === recorded) return { file, minutesSha256: recorded }
  throw new ConfigFault(
    `--out: ${kek} was destroyed before, and the attestation that the ledger names (SHA-256 ${recorded}) is not there`,
  )
}

export type DestroyKekAsked = Readonly<{
  officer: string
  second: string
  out: string
  present: string
  /** Every copy of the KEK that the ledger has, and how it was destroyed. */
  copies?: string
}>

/** Nothing is destroyed whose copies are not listed: the decider would only say so afterwards. @throws ProcessRefused COPIES_DIFFER */
const requireEvery = (known: readonly string[], listed: readonly string[]): void => {
  const { missing, unknown } = copiesDiffering(known, listed)
  if (missing.length + unknown.length === 0) return
  const detail = [
    ...missing.map((copy) => `${copy} is missing`),
    ...unknown.map((copy) => `${copy} is unknown`),
  ]
  throw new ProcessRefused('RecordServiceKeyDestruction', 'COPIES_DIFFER', 'CGU-90', detail.join(', '))
}

const words = (destroyed: Readonly<{ failedUseCode: string; attestation: string }>): string =>
  `Destroyed: its use answers ${destroyed.failedUseCode}. To be signed by both officers: ${destroyed.attestation}`

/** The KEK as the ledger has it by now: one that was begun and ended between two starts is recorded first. */
const recorded = async ({ custody, service, program }: Opened, kek: string) => {
  const isHere = (await custody.vault.escrow.keks()).get(kek) !== 'destroyed'
  const asking = { command: 'PlanServiceKeyDestruction', stream: `servicekey-${kek}`, clause: 'CGU-116' }
  if (isHere)
    await recordKek(program, await orRefused(service, asking, () => custody.keys.escrowKekById(kek)))
  const { state } = await service.ledger.load(serviceKey, kek)
  return { known: 'copies' in state ? [...state.copies] : [], isGone: state.status === 'destroyed' }
}

/**
 * Destroys a KEK on its token, by two officers, once nothing lies under it and no copy is left; leaves an attestation.
 * @returns whether it is destroyed: it is ordered only while a copy that is listed is not told to be gone
 * @throws ConfigFault for officers that do not fit; ProcessRefused, as for copies that differ; KeyFault `kekNeeded`: nothing is destroyed then
 */
export const destroyKek = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  kek: string,
  asked: DestroyKekAsked,
): Promise<boolean> => {
  const config = readConfig(env)
  requireInstallation(config)
  const listed = asked.copies === undefined ? [] : readCopies(asked.copies)
  return await withOfficers(config, asked, async (opened) => {
    const { custody, service, program } = opened
    const { escrow } = custody.vault
    const [, { person, roles }] = opened.officers
    const second = { person, roles }
    if ((await escrow.currentKek()).id === kek)
      throw new ConfigFault(`${kek} is the KEK that new keys are put under: rewrap it first`)
    await requireOut(asked.out)
    const { known, isGone } = await recorded(opened, kek)
    if (!isGone) requireEvery(known, idsOf('--copies', listed, service.now()))
    const counting = { service: program, escrow }
    await countStock(counting, () => false)
    const removed = await removeUnneeded(service.ledger, escrow, kek)
    // Nothing is planned that cannot be done: the port looks again before it destroys.
    const left = (await escrow.countsByKek()).get(kek) ?? 0
    const about = { servicekey: kek, copies: known, present: asked.present, second }
    const circumstances = { correlationId: kek }
    if (left === 0)
      await perform(service, planServiceKeyDestruction, {
        key: `${kek}|plan`,
        data: { ...about, cause: 'epochEnded', lastCrl: 0, held: false },
        circumstances,
      })
    const waiting = isGone ? [] : leftOf(listed)
    if (left === 0 && waiting.length > 0) {
      output.result(
        { kek, destroyed: false, waiting },
        () =>
          `Ordered, and not destroyed yet: of these copies --copies does not tell how they went: ${waiting.join(', ')}`,
      )
      return false
    }
    const asking = { command: 'RecordServiceKeyDestruction', stream: `servicekey-${kek}`, clause: 'CGU-116' }
    const { failedUseCode } = await orRefused(service, asking, () => escrow.destroyKek(kek))
    const { file, minutesSha256 } = await attested(
      { kek, out: asked.out, recorded: await recordedIn(service.ledger, kek) },
      {
        form: 'grand-livre/kek-destruction/v1',
        ...{ kek, at: service.now(), failedUseCode, copies: listed },
        note: 'Whatever backup of the vault has keys under this KEK cannot be opened any more, by this token or by any copy listed here.',
      },
    )
    await perform(service, recordServiceKeyDestruction, {
      key: `${kek}|record`,
      data: { ...about, method: 'kekDestroyed', failedUseCode, minutesSha256 },
      circumstances,
    })
    await countStock(counting)
    const done = { kek, destroyed: true, failedUseCode, removedUnused: removed, attestation: file }
    output.result(done, () => words(done))
    return true
  })
}
