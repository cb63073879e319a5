// `grand-livre custody keks`, `rewrap` and `destroy-kek`: the KEKs of the escrow, by epoch (docs/adr/0025). The service does not run
// meanwhile: one process has the vault.
import { join, resolve } from 'node:path'
import { program } from '../commands/actors.ts'
import { removeUnneeded, recordKek } from '../commands/escrowKeks.ts'
import { sha256 } from '../commands/issuing.ts'
import { orRefused } from '../commands/keyRefusals.ts'
import { countStock } from '../commands/keyStock.ts'
import { perform } from '../commands/program.ts'
import { rewrapKeys, type RewrapReport } from '../commands/rewrapKeys.ts'
import { planServiceKeyDestruction, recordServiceKeyDestruction } from '../commands/serviceKeys.ts'
import { serviceKey } from '../domain/serviceKey.ts'
import { readIfPresent } from '../hsm/durable.ts'
import type { Ledger } from '../ledger/ledger.ts'
import {
  lastOn,
  leave,
  officersIn,
  openActing,
  principalOf,
  twoAccounts,
  type Acting,
} from './ceremonyParts.ts'
import { readConfig, type Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { requireOut } from './outDirectory.ts'
import { columns, openProgress, type Output } from './output.ts'
import type { Custody } from './parts.ts'
import { requireInstallation } from './reading.ts'

const withActing = async <T>(config: Config, act: (opened: Acting) => Promise<T>): Promise<T> => {
  requireInstallation(config)
  const opened = await openActing(config)
  try {
    return await act(opened)
  } finally {
    await opened.close()
  }
}

/** Every KEK that keys lie under or that the vault has given up, and how many keys those are. */
const counted = async ({ vault: { escrow } }: Custody) => {
  const known = await escrow.keks()
  const { id: current } = await escrow.currentKek()
  const none = [...known.keys(), current].map((kek) => [kek, 0] as const)
  const counts = new Map<string, number>([...none, ...(await escrow.countsByKek())])
  return [...counts].map(([kek, keys]) => ({
    ...{ kek, keys },
    state: known.get(kek) ?? (kek === current ? 'current' : 'in use'),
  }))
}

/** Lists the KEKs of the escrow. */
export const listKeks = (env: NodeJS.ProcessEnv, output: Output): Promise<void> =>
  withActing(readConfig(env), async ({ custody }) => {
    const keks = await counted(custody)
    output.result(keks, () =>
      columns([['KEK', 'KEYS', 'STATE'], ...keks.map(({ kek, keys, state }) => [kek, String(keys), state])]),
    )
  })

const words = ({ total, moved, recorded, busy, refused }: RewrapReport, seconds: number): string =>
  [
    `${moved} of ${total} keys moved in ${seconds.toFixed(1)} s (${Math.round(moved / Math.max(seconds, 0.001))} a second)`,
    ...(recorded > 0 ? [`${recorded} moved by an earlier run recorded now`] : []),
    ...(busy.length > 0
      ? [`${busy.length} held by a recovery: start the service once, and give the command again`]
      : []),
    ...refused.map(({ spkiSha256, fault }) => `refused: ${spkiSha256}: ${fault}`),
  ].join('\n')

const stockWords = ({ left, faults }: Readonly<{ left: number; faults: readonly string[] }>): string =>
  `${left} in stock${faults.length > 0 ? `; THE STOCK DOES NOT ADD UP: ${faults.join(', ')}` : ''}`

/**
 * Moves the keys of a KEK under the one that takes its place; given again, it goes on.
 * @param from its id; undefined: the one that new keys are put under now
 * @returns whether every key is moved
 */
export const rewrap = (env: NodeJS.ProcessEnv, output: Output, from: string | undefined): Promise<boolean> =>
  withActing(readConfig(env), async ({ custody, as }) => {
    const { escrow } = custody.vault
    const service = as(program, 'program')
    const old = from ?? (await escrow.currentKek()).id
    if (!(await counted(custody)).some(({ kek }) => kek === old))
      throw new ConfigFault(`--from: no key lies under ${old}: grand-livre custody keks lists them`)
    await escrow.retireKek(old)
    const to = await recordKek(service, await escrow.currentKek())
    const started = performance.now()
    const progress = openProgress('Re-wrapping', { unit: 'keys' })
    try {
      const onProgress = (done: number, total: number): void =>
        progress.update(done, done / Math.max(total, 1))
      const report = await rewrapKeys({ service, escrow }, { from: old, to, onProgress })
      const seconds = (performance.now() - started) / 1000
      const { left, faults } = await countStock({ service, escrow })
      const stock = { left, faults }
      output.result({ from: old, to, seconds, ...report, stock }, () =>
        [words(report, seconds), stockWords(stock)].join('\n'),
      )
      return report.refused.length === 0 && report.busy.length === 0
    } finally {
      progress.stop()
    }
  })

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

export type DestroyKekAsked = Readonly<{ officer: string; second: string; out: string; present: string }>

/**
 * Destroys a KEK on its token, by two officers, once nothing lies under it; leaves an attestation.
 * @throws ConfigFault for officers that do not fit; ProcessRefused; KeyFault `kekNeeded`: nothing is destroyed then
 */
export const destroyKek = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  kek: string,
  asked: DestroyKekAsked,
): Promise<void> => {
  const config = readConfig(env)
  requireInstallation(config)
  const accounts = await twoAccounts(config, asked)
  await withActing(config, async (acting) => {
    const { custody, as } = acting
    const { escrow } = custody.vault
    const [first, other] = await officersIn(acting, accounts)
    const service = as(principalOf(first), first.role)
    const second = { person: other.person, roles: other.roles }
    if ((await escrow.currentKek()).id === kek)
      throw new ConfigFault(`${kek} is the KEK that new keys are put under: rewrap it first`)
    await requireOut(asked.out)
    const counting = { service: as(program, 'program'), escrow }
    await countStock(counting, () => false)
    const removed = await removeUnneeded(service.ledger, escrow, kek)
    // Nothing is planned that cannot be done: the port looks again before it destroys.
    const left = (await escrow.countsByKek()).get(kek) ?? 0
    // One that was begun and ended between two starts is not in the ledger yet.
    const isHere = (await escrow.keks()).get(kek) !== 'destroyed'
    if (isHere) await recordKek(counting.service, await custody.keys.escrowKekById(kek))
    const { state } = await service.ledger.load(serviceKey, kek)
    const copies = 'copies' in state ? [...state.copies] : []
    const about = { servicekey: kek, copies, present: asked.present, second }
    const circumstances = { correlationId: kek }
    if (left === 0)
      await perform(service, planServiceKeyDestruction, {
        key: `${kek}|plan`,
        data: { ...about, cause: 'epochEnded', lastCrl: 0, held: false },
        circumstances,
      })
    const asking = { command: 'RecordServiceKeyDestruction', stream: `servicekey-${kek}`, clause: 'CGU-116' }
    const { failedUseCode } = await orRefused(service, asking, () => escrow.destroyKek(kek))
    const recorded = await recordedIn(service.ledger, kek)
    const { file, minutesSha256 } = await attested(
      { kek, out: asked.out, recorded },
      {
        form: 'grand-livre/kek-destruction/v1',
        ...{ kek, at: service.now(), failedUseCode, copies, removedUnused: removed },
        note: 'Whatever backup of the vault has keys under this KEK cannot be opened any more.',
      },
    )
    await perform(service, recordServiceKeyDestruction, {
      key: `${kek}|record`,
      data: { ...about, method: 'kekDestroyed', failedUseCode, minutesSha256 },
      circumstances,
    })
    await countStock(counting)
    output.result(
      { kek, failedUseCode, removedUnused: removed, attestation: file },
      () => `Destroyed: its use answers ${failedUseCode}. To be signed by both officers: ${file}`,
    )
  })
}
