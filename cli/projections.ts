// `grand-livre projections`: how far the read models have come, and building them anew from the ledger.
import { openLockSession, projectorLock, type LockSession } from '../host/postgresLocks.ts'
import { beginning, judgeOnce, readCheckpoints } from '../projections/checkpoint.ts'
import { takeOver } from '../projections/epoch.ts'
import { readModels } from '../projections/readModels.ts'
import { createRunner } from '../projections/runner.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Position } from '../ledger/store.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import type { Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { columns, openProgress, watched, type Output } from './output.ts'
import { instantsOf, ledgerOver, openBlind, openReadModels, systemClock } from './parts.ts'
import { NothingThere, reading, withCustody } from './reading.ts'

const noWords = (): string => ''
const names = readModels(noWords).map(({ name }) => name)

const withDatabase = async <T>(
  config: Config,
  asItStands: boolean,
  act: (db: OpenDatabase['db']) => Promise<T>,
): Promise<T> => {
  const { db, close } = await openReadModels(config, { asItStands })
  try {
    return await act(db)
  } finally {
    await close()
  }
}

type Entries = Ledger['entries']

const countAfter = async (entries: Entries, position: Position | undefined): Promise<number> => {
  let count = 0
  for await (const _ of entries(position)) count += 1
  return count
}

const stateWords = (version: number, behind: number, written: number | undefined): string => {
  if (written === undefined) return 'never built'
  if (written !== version) return `to be rebuilt: version ${written}, now ${version}`
  return behind === 0 ? 'up to date' : `${behind} events behind`
}

const otherLedger = {
  foreign: 'to be rebuilt: filled from a copy of this ledger in another store',
  ahead: 'to be rebuilt: the ledger has not all that it was filled from',
}

const standing = async (
  { entries, entryAt }: Pick<Ledger, 'entries' | 'entryAt'>,
  db: OpenDatabase['db'],
) => {
  const judge = judgeOnce({ entryAt })
  const checkpoints = await readCheckpoints(db)
  // Most stand at one place: what lies behind it is counted once.
  const counted = new Map<bigint | undefined, number>()
  const behind = async (position: Position | undefined): Promise<number> => {
    const count = counted.get(position?.commit) ?? (await countAfter(entries, position))
    counted.set(position?.commit, count)
    return count
  }
  const rows = []
  for (const { name, version } of readModels(noWords)) {
    const checkpoint = checkpoints.get(name) ?? { ...beginning, version: undefined }
    const { version: written, position, size, lastAt } = checkpoint
    const judged = await judge(checkpoint)
    const count = await behind(written === version && judged === 'own' ? position : undefined)
    const state = judged === 'own' ? stateWords(version, count, written) : otherLedger[judged]
    rows.push({ name, version, size, behind: count, lastAt, state })
  }
  return rows
}

/** Shows how far each read model has come. @returns whether all are up to date */
export const status = (env: NodeJS.ProcessEnv, output: Output): Promise<boolean> =>
  reading(env, async (store, config, head) => {
    const ledger = ledgerOver(store, config, undefined)
    const look = () =>
      withDatabase(config, true, async (db) => {
        const progress = openProgress('Counting')
        const entries: Entries = (after) => watched(ledger.entries(after), head, progress)
        return standing({ entries, entryAt: ledger.entryAt }, db).finally(progress.stop)
      })
    const rows = config.databaseUrl === undefined ? await withCustody(config, look) : await look()
    output.result(rows, () =>
      columns([
        ['READ MODEL', 'EVENTS', 'LAST EVENT', 'STATE'],
        ...rows.map(({ name, size, lastAt = '-', state }) => [name, String(size), lastAt, state]),
      ]),
    )
    return rows.every(({ behind }) => behind === 0)
  })

/** Where other processes may project, nobody does meanwhile. @throws NothingThere while one does */
const aloneProjecting = async ({ databaseUrl }: Config): Promise<LockSession | undefined> => {
  if (databaseUrl === undefined) return undefined
  const session = await openLockSession(databaseUrl)
  if (await session.tryTake(projectorLock)) return session
  await session.close()
  throw new NothingThere('a projector process keeps the read models: stop it first')
}

/** Throws read models away and builds them anew. `chosen`: their names; none: all. @throws ConfigFault on another name */
export const rebuild = (env: NodeJS.ProcessEnv, output: Output, chosen: readonly string[]): Promise<void> => {
  const unknown = chosen.find((name) => !names.includes(name))
  if (unknown !== undefined)
    throw new ConfigFault(`there is no read model ${unknown}; there are ${names.join(', ')}`)
  return reading(env, (store, config) =>
    withCustody(config, (custody) =>
      withDatabase(config, false, async (db) => {
        const ledger = ledgerOver(store, config, custody.vault.dataKeys)
        const projections = readModels(await openBlind(custody))
        const lock = await aloneProjecting(config)
        const fence = lock === undefined ? {} : { fence: await takeOver(db) }
        const runner = createRunner({ ledger, db, projections, now: instantsOf(systemClock), ...fence })
        const progress = openProgress('Rebuilding')
        let events = 0
        try {
          await runner.rebuild(chosen.length === 0 ? 'all' : chosen, (done, total) => {
            events = done
            progress.update(done, done / total)
          })
        } finally {
          progress.stop()
          await lock?.close()
        }
        const rebuilt = chosen.length === 0 ? names : chosen
        output.result({ rebuilt, events }, () => `${rebuilt.join(', ')} rebuilt from ${events} events`)
      }),
    ),
  )
}
