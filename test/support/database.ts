// Databases of the tests' own.
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { openDatabase, type OpenDatabase } from '../../readmodels/database.ts'
import { openCopy } from './embeddedDatabase.ts'

const onServer = async (url: string, statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

const named = (server: string, name: string): string => {
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

const template = 'with_tables'

/** Makes the database that the others are copied from, with the tables of the read models. */
export const makeTemplate = async (server: string): Promise<void> => {
  await onServer(server, `create database ${template}`)
  const { close } = await openDatabase({ url: named(server, template) })
  await close()
}

/**
 * A new database of a server: of the one that `npm test` has up, unless another is named.
 * @throws Error when there is no server
 */
export const createOnServer = async (
  server = process.env['TEST_POSTGRES_URL'],
): Promise<Readonly<{ url: string; drop: () => Promise<void> }>> => {
  if (server === undefined) throw new Error('TEST_POSTGRES_URL is not set: `npm test` brings a server up')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  await onServer(server, `create database ${name} template ${template}`).catch(async (error: unknown) => {
    // A server that somebody named himself has no template yet.
    if ((error as { code?: string }).code !== '3D000') throw error
    await makeTemplate(server)
    await onServer(server, `create database ${name} template ${template}`)
  })
  return { url: named(server, name), drop: () => onServer(server, `drop database ${name} with (force)`) }
}

/** The same, opened; closed, it is gone. */
export const openOnServer = async (): Promise<OpenDatabase> => {
  const { url, drop } = await createOnServer()
  const { db, close } = await openDatabase({ url, asItStands: true })
  return {
    db,
    close: async () => {
      await close()
      await drop()
    },
  }
}

/** For a test to which it is all the same: on the server, which is quicker, or embedded where there is none. */
export const openSomeDatabase = (): Promise<OpenDatabase> =>
  process.env['TEST_POSTGRES_URL'] === undefined ? openCopy() : openOnServer()
