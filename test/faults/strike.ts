// What strikes a process from inside, at one durable step: an append to the ledger, a commit of the database, a file that is
// flushed. Each step has a name, and is told to whoever started the process; where it is the one that is armed, the process is
// killed before it, in the middle or after it, as by `kill -9`, or its answer is exchanged for a fault.
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { LedgerFault, type EventStore } from '../../ledger/store.ts'

/** Kills. `before`: nothing of the step is done. `during`: it is done, and nobody was told. `after`: it was told, and nothing else done. */
export const kills = ['before', 'during', 'after'] as const
/**
 * The process lives. `lost`: the step is done, and answered by a fault. `refused`: it is not done, and answered by a fault. `full`: the same,
 * as it is said where a disk is full: by our own files, by PostgreSQL, by the ledger. `slow`: it takes a third of a second longer. `back`, `ahead`: the clock jumps fifty minutes back, an hour ahead.
 */
export const faults = ['lost', 'refused', 'full', 'slow', 'back', 'ahead'] as const
export type How = (typeof kills)[number] | (typeof faults)[number]
export type Strike = Readonly<{ step: string; how: How }>

export type Striker = Readonly<{
  /** Does the step, and what is armed for it. */
  around: <T>(step: string, act: () => Promise<T>) => Promise<T>
  clock: () => Date
}>

/** Never returns: the process is gone before the next instruction of it. */
const die = (): never => {
  process.kill(process.pid, 'SIGKILL')
  for (;;);
}

const jumps = { ahead: 3_600_000, back: -3_000_000 } as const

/** PostgreSQL says it by SQLSTATE 53100; a node of EventStoreDB ends, and its client finds nobody; a file of our own has the system's word. */
const full = (step: string): Error => {
  if (step.startsWith('append')) return new LedgerFault('append: UnavailableError Connection dropped')
  if (step.startsWith('flush'))
    return Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  const message = 'could not extend file "base/16384/16385": No space left on device'
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code: '53100' })
}

/** Does a step in the way that is armed for it. */
const struck = async <T>(step: string, how: How | undefined, act: () => Promise<T>): Promise<T> => {
  if (how === 'before') die()
  if (how === 'refused') throw new LedgerFault('struck: not done')
  if (how === 'full') throw full(step)
  if (how === 'slow') await pause(300)
  const done = await act()
  if (how === 'during') die()
  if (how === 'lost') throw new LedgerFault('struck: done, and the answer lost')
  if (how === 'after') setImmediate(die)
  return done
}

/** @param tell told of each step, and of what strikes it */
export const openStriker = (
  armed: readonly Strike[],
  tell: (said: Readonly<{ step: string; struck?: How }>) => void,
): Striker => {
  const left = [...armed]
  let offset = 0
  return {
    clock: () => new Date(Date.now() + offset),
    around: (step, act) => {
      const place = left.findIndex((strike) => strike.step === step)
      const how = place < 0 ? undefined : left.splice(place, 1)[0]?.how
      tell(how === undefined ? { step } : { step, struck: how })
      if (how === 'back' || how === 'ahead') offset += jumps[how]
      return struck(step, how, act)
    },
  }
}

/** Each append is a step, named after its last event. */
export const strikeAppends = (store: EventStore, { around }: Striker): EventStore => ({
  ...store,
  append: (stream, events, expected) =>
    around(`append ${events.at(-1)?.type ?? ''}`, () => store.append(stream, events, expected)),
})

type Query = (this: pg.Client, text: unknown, ...more: unknown[]) => unknown

const textOf = (query: unknown): string =>
  typeof query === 'string' ? query : ((query as { text?: string }).text ?? '')

/** Commits of read models, and writes of the vault's rows. */
const sqlStep = (text: string): string | undefined => {
  if (/^commit\b/i.test(text)) return 'commit'
  const [, verb, table] = /^(insert into|update|delete from) "vault"\."(\w+)"/i.exec(text) ?? []
  return verb === undefined || table === undefined ? undefined : `${verb} ${table}`
}

/** Each commit of the database, and each write of the vault in it, is a step. */
export const strikeDatabase = ({ around }: Striker): void => {
  const real: Query = Reflect.get(pg.Client.prototype, 'query') as Query
  const watched: Query = function (query, ...more) {
    const step = sqlStep(textOf(query))
    if (step === undefined || typeof more.at(-1) === 'function') return real.call(this, query, ...more)
    return around(step, async () => (await real.call(this, query, ...more)) as Promise<unknown>)
  }
  pg.Client.prototype.query = watched as unknown as typeof pg.Client.prototype.query
}

/** `keys/signatures.json.4711.new` → `signatures.json`; names drawn by chance are left out. */
const nameOf = (path: string): string =>
  basename(path)
    .replace(/\.\d+\.new$/, '')
    .replace(/[0-9a-f-]{16,}|\d{4,}/g, '…')

/** Each flush of a file is a step, named after the file. Directories are left out: their flush follows. */
export const strikeFiles = ({ around }: Striker): void => {
  const open = fs.promises.open
  fs.promises.open = async (path, flags, mode) => {
    const file = await open(path, flags, mode)
    if (flags === undefined || flags === 'r') return file
    for (const flush of ['sync', 'datasync'] as const) {
      const real = file[flush].bind(file)
      file[flush] = () => around(`flush ${nameOf(String(path))}`, real)
    }
    return file
  }
  syncBuiltinESMExports()
}
