// PostgreSQL: a server, or PGlite in this process. Both are reached through `pg`, so that there is one code path above.
import { PGlite } from '@electric-sql/pglite'
import { createPgConfig } from '@electric-sql/pglite/node-postgres'
import pg from 'pg'
import { coded } from './postgresFaults.ts'

export type OpenPool = Readonly<{ pool: pg.Pool; close: () => Promise<void> }>

const int8 = 20

/** Ranks and sizes are safe integers (proofs.md 1.1), so a bigint column reads as a number or not at all. */
const readInteger = (text: string): number => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new Error(`${text} is not a safe integer`)
  return value
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    (oid as number) === int8 && format !== 'binary'
      ? readInteger
      : (pg.types.getTypeParser(oid, format) as never),
}

// A connection that the server drops is replaced by the pool on next use, and whoever asked it something is told: without a listener
// it ends the process, be it idle (the pool's listener) or in use (its own).
const ignoreLostConnections = (pool: pg.Pool): pg.Pool =>
  pool
    .on('error', () => undefined)
    .on('connect', (client) => {
      client.on('error', () => undefined)
    })

/** Asked by kysely, which waits for promises; with a callback, as the pool asks itself, nothing is changed. */
type Asked = (...asked: unknown[]) => unknown

const codedAnswers = (act: Asked): Asked => {
  return (...asked) => {
    const answer = act(...asked)
    return answer instanceof Promise ? coded(answer) : answer
  }
}

/** Connections that are lost are told by a code. */
const tellLostConnections = (pool: pg.Pool): pg.Pool => {
  pool.on('connect', (client) =>
    Object.assign(client, { query: codedAnswers(client.query.bind(client) as Asked) }),
  )
  return Object.assign(pool, { connect: codedAnswers(pool.connect.bind(pool) as Asked) })
}

/** @param options settings of each session, as the server's command line has them: `-c synchronous_commit=on` */
export const openServer = (url: string, options?: string): OpenPool => {
  const more = options === undefined ? {} : { options }
  const pool = new pg.Pool({ connectionString: url, max: 10, types, ...more })
  tellLostConnections(ignoreLostConnections(pool))
  return { pool, close: () => pool.end() }
}

/**
 * PostgreSQL goes through all of its buffers when it starts: through the 128 MB that it has by itself for most of a second of a processor, in memory
 * that WebAssembly never gives back. Rows that do not fit are read again from the files, which the system keeps.
 */
const embeddedSettings = ['-c', 'shared_buffers=32MB']

/** @param directory undefined: in memory, and gone on close. What is in a directory is not flushed to it (docs/adr/0025) */
export const openEmbedded = async (directory?: string): Promise<OpenPool> => {
  const lite = await PGlite.create(directory ?? 'memory://', {
    startParams: [...PGlite.defaultStartParams, ...embeddedSettings],
  })
  const pool = new pg.Pool(Object.assign(createPgConfig(lite), { max: 1, types }))
  const close = async (): Promise<void> => {
    await pool.end()
    await lite.close()
  }
  return { pool, close }
}
