// Names that one process of an installation holds at a time: advisory locks of a PostgreSQL session. The server takes them back
// when the session ends, however the process that has it ends.
import { createHash } from 'node:crypto'
import pg from 'pg'
import { coded } from './postgresFaults.ts'

export type LockSession = Readonly<{
  /** Whether it holds the name now. Taken twice by one session it is held still: whoever shares one keeps order among his own. */
  tryTake: (name: string) => Promise<boolean>
  release: (name: string) => Promise<void>
  /** Asks the server for a sign of life. @throws where there is none */
  beat: () => Promise<void>
  /** Resolves when the session has ended, and with it everything that it held. */
  lost: Promise<void>
  close: () => Promise<void>
}>

export type LockOptions = Readonly<{
  /** The server ends a session that is silent for so long, in milliseconds: its process hangs, or cannot be reached. */
  silentMs?: number
}>

/** By which one process projects: a projector, or `grand-livre projections rebuild`. */
export const projectorLock = 'projector'

/** How long the server may take to answer, in milliseconds. */
const patienceMs = 5_000

/** Locks of a server are numbers of 64 bits, one set of them for each database. */
const numberOf = (name: string): string =>
  createHash('sha256').update(`grand-livre ${name}`).digest().readBigInt64BE(0).toString()

/** @throws the driver's fault when the server is out of reach */
export const openLockSession = async (url: string, { silentMs }: LockOptions = {}): Promise<LockSession> => {
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: patienceMs,
    query_timeout: patienceMs,
    ...(silentMs === undefined ? {} : { options: `-c idle_session_timeout=${silentMs}` }),
  })
  const lost = new Promise<void>((resolve) => {
    client.once('end', resolve)
    client.on('error', () => resolve())
  })
  await coded(client.connect())
  const ask = async (sql: string, name: string): Promise<boolean> => {
    const asked = client.query<{ held: boolean }>(`select ${sql}($1) as held`, [numberOf(name)])
    const { rows } = await coded(asked)
    return rows[0]?.held === true
  }
  return {
    tryTake: (name) => ask('pg_try_advisory_lock', name),
    release: async (name) => {
      await ask('pg_advisory_unlock', name)
    },
    beat: async () => {
      await client.query('select 1')
    },
    lost,
    close: () => client.end(),
  }
}

/** A session that is opened when it is first needed, and anew after it was lost. */
export type Locks = Readonly<{
  /** Takes the name if nobody has it. @returns how to give it back; undefined while somebody else has it */
  take: (name: string) => Promise<(() => Promise<void>) | undefined>
  close: () => Promise<void>
}>

export const openLocks = (url: string): Locks => {
  let current: Promise<LockSession> | undefined
  const session = (): Promise<LockSession> => {
    if (current !== undefined) return current
    const opening = openLockSession(url)
    current = opening
    const forget = (): void => {
      if (current === opening) current = undefined
    }
    opening.then(({ lost }) => lost.then(forget), forget)
    return opening
  }
  return {
    take: async (name) => {
      const held = await session()
      if (!(await held.tryTake(name))) return undefined
      // A session that was lost meanwhile has given it back already.
      return () => held.release(name).catch(() => undefined)
    },
    close: async () => {
      await current?.then(
        (held) => held.close(),
        () => undefined,
      )
    },
  }
}
