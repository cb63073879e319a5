// SHA-256 of the lines that a query gives, as PostgreSQL writes them out (COPY): octets as they come, never a text or a row of this process.
import { createHash } from 'node:crypto'
import type pg from 'pg'
import type { PostgresCursor, QueryExecutorProvider, RawBuilder } from 'kysely'
import { coded } from './postgresFaults.ts'

type Digest = Readonly<{ sha256: string }>
type Rows = readonly Digest[]

/** What `pg` tells of a query that is under way. */
type UnderWay = pg.Submittable &
  Readonly<{
    handleCopyData: (message: Readonly<{ chunk: Buffer }>) => void
    handleCommandComplete: () => void
    handleReadyForQuery: () => void
    handleError: (error: Error) => void
  }>

/** In the place of a cursor, where `PostgresDialect` has one: streams give one row, the digest. */
export class DigestCursor<T> implements UnderWay, PostgresCursor<T> {
  readonly #text: string
  readonly #hash = createHash('sha256')
  readonly #made: Promise<Rows>
  #resolve: (rows: Rows) => void = () => undefined
  #reject: (error: Error) => void = () => undefined
  #isRead = false

  constructor(text: string, values: readonly unknown[]) {
    if (values.length > 0) throw new Error('COPY takes no parameters')
    this.#text = text
    this.#made = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
  }

  submit(connection: pg.Connection): void {
    connection.query(`copy (${this.#text}) to stdout`)
  }

  /** At once: the octets are the driver's, and are others when this is over. */
  handleCopyData({ chunk }: Readonly<{ chunk: Buffer }>): void {
    this.#hash.update(chunk)
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.#resolve([{ sha256: this.#hash.digest('hex') }])
  }

  handleError(error: Error): void {
    this.#reject(error)
  }

  async read(): Promise<T[]> {
    if (this.#isRead) return []
    this.#isRead = true
    return (await coded(this.#made)) as T[]
  }

  async close(): Promise<void> {}
}

/**
 * @param lines one column of text, without parameters; a backslash or a control character in it would be written out escaped
 * @returns SHA-256 in hex, of every line with a line feed behind it
 */
export const digestOfLines = async (
  db: QueryExecutorProvider,
  lines: RawBuilder<unknown>,
): Promise<string> => {
  for await (const { rows } of db.getExecutor().stream<Digest>(lines.compile(db), 1))
    for (const { sha256 } of rows) return sha256
  throw new Error('a digest was not made')
}
