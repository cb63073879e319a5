// A disk that has no room for a while: under the ledger's node, which then ends without an answer to what it was given, and under
// PostgreSQL, whose inserts fail with SQLSTATE 53100 and take their transaction with them.
import pg from 'pg'
import type { OwnNode } from '../support/eventstoredb/openNode.ts'

/** Another session asked, and its own transaction is undone: a sequence alone remembers it. */
const prepared = `
  create schema full_disk;
  create table full_disk.now (since timestamptz);
  create sequence full_disk.met;
  create function full_disk.refuse() returns trigger language plpgsql as $$ begin
    if exists (select from full_disk.now) then
      perform nextval('full_disk.met');
      raise exception 'could not extend file "base/16384/16385": No space left on device'
        using errcode = 'disk_full', hint = 'Check free disk space.';
    end if;
    return null;
  end $$;
  do $$ declare found record; begin
    for found in select schemaname, tablename from pg_tables where schemaname = 'public' loop
      execute format('create trigger full_disk before insert on %I.%I execute function full_disk.refuse()',
        found.schemaname, found.tablename);
    end loop;
  end $$;
  create trigger full_disk before insert or update on vault.escrowed_key execute function full_disk.refuse();`

const asked = async (url: string, statement: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

export type FullDisks = Readonly<{
  /** The disk under one of them has no room as long as `meanwhile` goes on. */
  full: (which: 'ledger' | 'postgres', meanwhile: () => Promise<unknown>) => Promise<void>
  /** How many writes each has refused for want of room. */
  refused: () => Promise<Readonly<{ ledger: number; postgres: number }>>
}>

/** Over a ledger's node and the database of an installation, whose tables are there. */
export const openFullDisks = async (
  { knobs, seen }: Pick<OwnNode, 'knobs' | 'seen'>,
  url: string,
): Promise<FullDisks> => {
  await asked(url, prepared)
  const set = async (which: 'ledger' | 'postgres', isFull: boolean): Promise<void> => {
    if (which === 'ledger') knobs.isFull = isFull
    else await asked(url, isFull ? 'insert into full_disk.now values (now())' : 'delete from full_disk.now')
  }
  return {
    full: async (which, meanwhile) => {
      await set(which, true)
      try {
        await meanwhile()
      } finally {
        await set(which, false)
      }
    },
    refused: async () => {
      const [met] = await asked(url, 'select is_called, last_value::int as count from full_disk.met')
      return { ledger: seen.unwritten, postgres: met?.['is_called'] === true ? Number(met['count']) : 0 }
    },
  }
}
