// Names that one process of an installation holds at a time: advisory locks of a PostgreSQL session. The server takes them back
// when the session ends, however the process that has it ends.
import { createHash } from 'node:crypto'
import pg from 'pg'
import { coded } from './postgresFaults.ts'

export type LockSession = Readonly<{
  /** Whether it holds the name now. Taken twice by one session it is held still: whoever shares one keeps order among his own. */
  tryTake: (name: string) => Promise<boolean>
  /** @returns whether it held the name until now @throws where the session has ended, and everything with it */
  release: (name: string) => Promise<boolean>
  /** Asks the server for a sign of life. @throws where there is none */
  beat: () => Promise<void>
  /** Resolves when the session has ended, and with it everything that it held. */
  lost: Promise<void>
  close: () => Promise<void>
}>

export type LockOptions = Readonly<{
  /** The server ends a session that is silent for so long, in milliseconds: its process hangs, or cannot be reached. */
  silentMs?: number
  /** How long a question may take, in milliseconds. */
  answerMs?: number
}>

/** How long the server may take to answer, in milliseconds. */
const patienceMs = 5_000

/** By which one process projects: a projector, or `grand-livre projections rebuild`. */
export const projectorLock = 'projector'

/** Locks of a server are numbers of 64 bits, one set of them for each database. */
const numberOf = (name: string): string =>
  createHash('sha256').update(`grand-livre ${name}`).digest().readBigInt64BE(0).toString()

/** Asked for at once, and answered in their order. */
const askAll = `select case when asked.take then pg_try_advisory_lock(asked.number) else pg_advisory_unlock(asked.number) end as held
  from unnest($1::bigint[], $2::boolean[]) with ordinality as asked(number, take, place) order by asked.place`

type Asked = Readonly<{ name: string; take: boolean }>
type Waiting = Asked & Readonly<{ resolve: (held: boolean) => void; reject: (fault: unknown) => void }>

/**
 * A session answers one question after the other, each after a way to the server and back: what is asked for meanwhile shares the next.
 * After a fault nobody knows what the session holds, so that it ends.
 */
const openQuestions = (client: pg.Client): ((asked: Asked) => Promise<boolean>) => {
  const queue: Waiting[] = []
  let running: Promise<void> | undefined

  const ask = async (asked: readonly Waiting[]): Promise<void> => {
    const values = [asked.map(({ name }) => numberOf(name)), asked.map(({ take }) => take)]
    try {
      const { rows } = await coded(client.query<{ held: boolean }>(askAll, values))
      for (const [n, { resolve }] of asked.entries()) resolve(rows[n]?.held === true)
    } catch (fault) {
      for (const { reject } of asked) reject(fault)
      await client.end().catch(() => undefined)
    }
  }
  const run = async (): Promise<void> => {
    while (queue.length > 0) await ask(queue.splice(0))
    running = undefined
  }
  return (asked) =>
    new Promise((resolve, reject) => {
      queue.push({ ...asked, resolve, reject })
      // A moment later: what is asked for at the same time goes at once.
      running ??= Promise.resolve().then(run)
    })
}

/** @throws the driver's fault when the server is out of reach */
export const openLockSession = async (url: string, options: LockOptions = {}): Promise<LockSession> => {
  const { silentMs, answerMs = patienceMs } = options
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: patienceMs,
    query_timeout: answerMs,
    ...(silentMs === undefined ? {} : { options: `-c idle_session_timeout=${silentMs}` }),
  })
  const lost = new Promise<void>((resolve) => {
    client.once('end', resolve)
    client.on('error', () => resolve())
  })
  await coded(client.connect())
  const ask = openQuestions(client)
  return {
    tryTake: (name) => ask({ name, take: true }),
    release: (name) => ask({ name, take: false }),
    beat: async () => {
      await client.query('select 1')
    },
    lost,
    close: () => client.end(),
  }
}

/** Gives back what was taken. @returns whether all of it was held until now: what a lost session held somebody else may have had since */
export type GiveBack = () => Promise<boolean>

/** A session that is opened when it is first needed, and anew after it was lost. */
export type Locks = Readonly<{
  /** Takes all of the names, if nobody has one of them. @returns undefined where somebody has one */
  take: (...names: readonly string[]) => Promise<GiveBack | undefined>
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
    take: async (...names) => {
      const held = await session()
      const taken = await Promise.all(names.map(held.tryTake))
      const mine = names.filter((_, n) => taken[n])
      // A session that was lost meanwhile has given them back already.
      const release: GiveBack = async () =>
        (await Promise.all(mine.map((name) => held.release(name).catch(() => false)))).every(Boolean)
      if (mine.length === names.length) return release
      await release()
      return undefined
    },
    close: async () => {
      await current?.then(
        (held) => held.close(),
        () => undefined,
      )
    },
  }
}
