// `grand-livre custody keks` and `rewrap`: the KEKs of the escrow, by epoch (docs/adr/0025). The service does not run meanwhile: one process has
// the vault.
import { program } from '../commands/actors.ts'
import { recordKek } from '../commands/escrowKeks.ts'
import { countStock } from '../commands/keyStock.ts'
import { rewrapKeys, type RewrapReport } from '../commands/rewrapKeys.ts'
import { openActing, type Acting } from './ceremonyParts.ts'
import { readConfig, type Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
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
