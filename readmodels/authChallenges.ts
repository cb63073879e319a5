// CGU-58: challenges that holders were given, by their digest. No event makes these rows and no rebuild touches them; a challenge that is
// lost is drawn again.
import { sql, type Kysely } from 'kysely'

export type StoredChallenge = Readonly<{ sha256: string; expiresAt: string }>

/** Puts it in the place of the one before, and forgets those that have lapsed at `at`. */
export const putChallenge = async <T>(
  db: Kysely<T>,
  name: string,
  { sha256, expiresAt }: StoredChallenge,
  at: string,
): Promise<void> => {
  await sql`delete from auth_challenge where expires_at <= ${at}`.execute(db)
  await sql`
    insert into auth_challenge (name, sha256, expires_at) values (${name}, ${sha256}, ${expiresAt})
    on conflict (name) do update set sha256 = excluded.sha256, expires_at = excluded.expires_at`.execute(db)
}

/** Takes it away, if it is this one: of two who present it, one has it. @returns when it ends; undefined where it is not there */
export const takeChallenge = async <T>(
  db: Kysely<T>,
  name: string,
  sha256: string,
): Promise<string | undefined> => {
  const { rows } = await sql<{ expires_at: string }>`
    delete from auth_challenge where name = ${name} and sha256 = ${sha256} returning expires_at`.execute(db)
  return rows[0]?.expires_at
}
