// Checkpoints: how far each projection has come. They move in the transaction that writes the rows, and only from the
// place where the writer believes them to be, so each event counts once even with two writers.
import { sql, type Kysely, type Transaction } from 'kysely'
import type { Ledger } from '../ledger/ledger.ts'
import { standingOf, type Place } from '../ledger/place.ts'
import { LogTruncated, type Position } from '../ledger/store.ts'
import type { CheckpointRow, Database } from '../readmodels/schema.ts'
import type { Fence } from './epoch.ts'
import type { Projection } from './projection.ts'

/** `position`, `lastAt` and `event` are those of the last entry applied; `size` is the rank of the next one. */
export type Checkpoint = Readonly<{
  position: Position | undefined
  size: number
  lastAt: string | undefined
  /** undefined also where an earlier release has not written it down. */
  event: Omit<Place, 'position'> | undefined
}>

export const beginning: Checkpoint = { position: undefined, size: 0, lastAt: undefined, event: undefined }

/** Another writer has moved the projections: what this one holds is stale. Nothing was written. */
export class CheckpointMoved extends Error {
  override readonly name = 'CheckpointMoved'
}

const eventOf = ({ last_stream: stream, last_revision: revision, last_id: id }: CheckpointRow) =>
  stream === null || revision === null || id === null ? undefined : { stream, revision, id }

const eventColumns = ({ event }: Checkpoint) => ({
  last_stream: event?.stream ?? null,
  last_revision: event?.revision ?? null,
  last_id: event?.id ?? null,
})

const checkpointOf = (row: CheckpointRow): Checkpoint => ({
  position:
    row.commit_position === null || row.prepare_position === null
      ? undefined
      : { commit: BigInt(row.commit_position), prepare: BigInt(row.prepare_position) },
  size: row.size,
  lastAt: row.last_at ?? undefined,
  event: eventOf(row),
})

/** What a ledger says of a checkpoint: it is of its own store; it is of another one's, of which this ledger is a copy; or of one that had more. */
const judge = async (
  ledger: Pick<Ledger, 'entryAt'>,
  { position, event }: Pick<Checkpoint, 'position' | 'event'>,
): Promise<'own' | 'foreign' | 'ahead'> => {
  if (position === undefined) return 'own'
  if (event === undefined) return 'foreign'
  const standing = await standingOf(ledger, { position, ...event })
  return standing === 'here' ? 'own' : standing === 'elsewhere' ? 'foreign' : 'ahead'
}

type Judge = (at: Checkpoint) => ReturnType<typeof judge>

/** Most checkpoints stand at one event: the ledger is asked once for each. For one round of looks. */
export const judgeOnce = (ledger: Pick<Ledger, 'entryAt'>): Judge => {
  const asked = new Map<string, ReturnType<typeof judge>>()
  return (at) => {
    const name = `${at.position?.commit} ${at.position?.prepare} ${at.event?.id}`
    const answer = asked.get(name) ?? judge(ledger, at)
    asked.set(name, answer)
    return answer
  }
}

/** Empties a projection's tables and puts it at the beginning, in its present version. @throws Deposed */
export const resetProjection = async (
  db: Kysely<Database>,
  { name, version, tables }: Projection,
  fence?: Fence,
): Promise<void> => {
  await db.transaction().execute(async (tx) => {
    await fence?.(tx)
    const nowhere = { commit_position: null, prepare_position: null, size: 0, last_at: null }
    const row = { version, ...nowhere, ...eventColumns(beginning) }
    const before = sql<number>`greatest(projection_checkpoint.size, projection_checkpoint.rebuild_to)`
    await tx
      .insertInto('projection_checkpoint')
      .values({ name, ...row, rebuild_to: 0 })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...row, rebuild_to: before }))
      .execute()
    for (const table of tables) await sql`truncate table ${sql.table(table)}`.execute(tx)
  })
}

/**
 * Where a projection stands; one that is new, whose version has changed, or that was filled from another store, is put at the beginning.
 * @throws LogTruncated where the ledger has not what the projection has taken in: that is for somebody to decide
 */
const loadCheckpoint = async (
  db: Kysely<Database>,
  projection: Projection,
  { judgeAt, fence }: Readonly<{ judgeAt: Judge; fence: Fence | undefined }>,
): Promise<Checkpoint> => {
  const row = await db
    .selectFrom('projection_checkpoint')
    .selectAll()
    .where('name', '=', projection.name)
    .executeTakeFirst()
  if (row?.version === projection.version) {
    const at = checkpointOf(row)
    const judged = await judgeAt(at)
    if (judged === 'ahead' && at.position !== undefined) throw new LogTruncated(at.position)
    if (judged === 'own') return at
  }
  await resetProjection(db, projection, fence)
  return beginning
}

/** Where these projections stand; one that has no checkpoint of its version is left out. Nothing is put anywhere. */
export const checkpointsOf = async (
  db: Kysely<Database>,
  projections: readonly Pick<Projection, 'name' | 'version'>[],
): Promise<ReadonlyMap<string, Checkpoint>> => {
  const rows = await db.selectFrom('projection_checkpoint').selectAll().execute()
  const versions = new Map(projections.map(({ name, version }) => [name, version]))
  return new Map(
    rows
      .filter(({ name, version }) => versions.get(name) === version)
      .map((row) => [row.name, checkpointOf(row)]),
  )
}

/** Puts each one where its projection stands. @throws LogTruncated, Deposed */
export const placeAll = async (
  {
    db,
    ledger,
    fence,
  }: Readonly<{ db: Kysely<Database>; ledger: Pick<Ledger, 'entryAt'>; fence?: Fence | undefined }>,
  members: readonly { readonly projection: Projection; at: Checkpoint }[],
): Promise<void> => {
  const judgeAt = judgeOnce(ledger)
  for (const member of members) member.at = await loadCheckpoint(db, member.projection, { judgeAt, fence })
}

/** Where every projection stands, by name, as it is written down: nothing is put anywhere, also where there is no table. */
export const readCheckpoints = async (
  db: Kysely<Database>,
): Promise<ReadonlyMap<string, Checkpoint & { version: number }>> => {
  const tables = await db.introspection.getTables()
  if (!tables.some(({ name }) => name === 'projection_checkpoint')) return new Map()
  const rows = await db.selectFrom('projection_checkpoint').selectAll().execute()
  return new Map(rows.map((row) => [row.name, { ...checkpointOf(row), version: row.version }]))
}

/** Moves the checkpoints of projections that all stand at `from`. @throws CheckpointMoved */
export const advance = async (
  tx: Transaction<Database>,
  projections: readonly Projection[],
  from: Checkpoint,
  to: Checkpoint,
): Promise<void> => {
  const { numUpdatedRows } = await tx
    .updateTable('projection_checkpoint')
    .set({
      commit_position: to.position?.commit.toString() ?? null,
      prepare_position: to.position?.prepare.toString() ?? null,
      size: to.size,
      last_at: to.lastAt ?? null,
      ...eventColumns(to),
      rebuild_to: sql<number>`case when rebuild_to > ${to.size} then rebuild_to else 0 end`,
    })
    .where((eb) => eb.or(projections.map(({ name, version }) => eb.and({ name, version, size: from.size }))))
    .executeTakeFirst()
  if (numUpdatedRows !== BigInt(projections.length))
    throw new CheckpointMoved(`the projections are not at ${from.size}`)
}
