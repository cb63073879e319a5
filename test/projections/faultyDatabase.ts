// A database where any statement can fail: refused by the server, or its connection lost before the server has it, or
// before its answer comes back.
import { CompiledQuery, Kysely, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { DatabaseConnection, Driver } from 'kysely'
import type { Database } from '../../readmodels/schema.ts'

export class Injected extends Error {
  override readonly name = 'Injected'
}

export const faults = ['refused', 'lostBefore', 'lostAfter'] as const
export type Fault = (typeof faults)[number]

export type Hooks = Readonly<{
  /** Asked at each statement, `begin` and `commit` included. It may take its time. */
  at: (statement: string) => Promise<Fault | undefined> | Fault | undefined
  /** A connection has gone back; whatever it had not committed has been rolled back. */
  released?: () => Promise<void>
}>

type Held = DatabaseConnection & Readonly<{ release: () => Promise<void> }>

const hold = (db: Kysely<Database>, hooks: Hooks): Promise<Held> =>
  new Promise((resolve, reject) => {
    let isLost = false
    let isOpen = false
    const held = db.connection().execute(
      (connection) =>
        new Promise<void>((letGo) => {
          const pass: DatabaseConnection['executeQuery'] = async <R>(query: CompiledQuery) => {
            const result = await connection.executeQuery<R>(query)
            if (query.sql === 'begin') isOpen = true
            if (query.sql === 'commit' || query.sql === 'rollback') isOpen = false
            return result
          }
          resolve({
            executeQuery: async <R>(query: CompiledQuery) => {
              if (isLost) throw new Injected(query.sql)
              const fault = await hooks.at(query.sql)
              isLost = fault === 'lostBefore' || fault === 'lostAfter'
              if (fault === 'refused' || fault === 'lostBefore') throw new Injected(query.sql)
              const result = await pass<R>(query)
              if (fault === 'lostAfter') throw new Injected(query.sql)
              return result
            },
            streamQuery: () => {
              throw new Error('not of this database')
            },
            release: async () => {
              if (isOpen) await connection.executeQuery(CompiledQuery.raw('rollback'))
              letGo()
              await held
              await hooks.released?.()
            },
          })
        }),
    )
    held.catch(reject)
  })

/** The same database, whose statements fail as `hooks` says. It needs no closing of its own. */
export const faulty = (db: Kysely<Database>, hooks: Hooks): Kysely<Database> => {
  const run = (connection: DatabaseConnection, statement: string): Promise<void> =>
    connection.executeQuery(CompiledQuery.raw(statement)).then(() => undefined)
  const driver: Driver = {
    init: async () => undefined,
    destroy: async () => undefined,
    acquireConnection: () => hold(db, hooks),
    releaseConnection: (connection) => (connection as Held).release(),
    beginTransaction: (connection) => run(connection, 'begin'),
    commitTransaction: (connection) => run(connection, 'commit'),
    rollbackTransaction: (connection) => run(connection, 'rollback'),
  }
  return new Kysely<Database>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => driver,
      createIntrospector: (its) => new PostgresIntrospector(its),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
}
