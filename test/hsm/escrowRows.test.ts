// The escrow with its rows in PostgreSQL, on a server and in this process; keys.test.ts has it with its rows in a file.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openVault } from '../../hsm/vault.ts'
import { openServer } from '../../host/postgres.ts'
import type { EscrowStore } from '../../hsm/escrowStore.ts'
import { openServerEscrowStore } from '../../hsm/escrowStoreSql.ts'
import { createOnServer } from '../support/database.ts'
import { now, openKeys, removeDirectory, sha256, temporaryDirectory } from './custody.ts'
import { escrowContract, rowsPlaces } from './escrowContract.ts'
import { inSoftware } from './keysContract.ts'

describe('the escrow in PGlite', () => escrowContract(inSoftware, rowsPlaces.inPglite))
describe('the escrow in PostgreSQL', () => escrowContract(inSoftware, rowsPlaces.onServer))

describe('where the escrow of a data directory lies', () => {
  it('CGU-38: keeps to what it began with: another store, another directory’s rows or none are refused', async () => {
    const scratch = await temporaryDirectory()
    const [server, other] = [await createOnServer(), await createOnServer()]
    const keys = await openKeys(join(scratch, 'keys'))
    const open = async (name: string, databaseUrl?: string): Promise<string> => {
      const vault = await openVault({ directory: join(scratch, name), databaseUrl, keys, now })
      await vault.close()
      return 'opened'
    }
    const refused = { code: 'otherStore' }
    try {
      expect(await open('sql', server.url)).toBe('opened')
      expect(await open('sql', server.url)).toBe('opened')
      await expect(open('sql')).rejects.toMatchObject(refused)
      await expect(open('sql', other.url)).rejects.toMatchObject(refused)
      // Another one does not take it for its own, also while no key is there; and is still free to begin elsewhere.
      await expect(open('new', server.url)).rejects.toMatchObject(refused)
      await expect(open('new', server.url)).rejects.toMatchObject(refused)
      expect(await open('new')).toBe('opened')
      expect(await open('file')).toBe('opened')
      expect(await open('file', server.url)).toBe('opened')
      await cp(join(scratch, 'sql', 'escrow.json'), join(scratch, 'file', 'escrow.json'))
      await expect(open('file', other.url)).rejects.toMatchObject(refused)
      expect(await open('sql', server.url)).toBe('opened')
      // Cut off before its directory knew that its place is there.
      const { id } = JSON.parse(await readFile(join(scratch, 'sql', 'escrow.json'), 'utf8')) as { id: string }
      await writeFile(
        join(scratch, 'sql', 'escrow.json'),
        JSON.stringify({ store: 'postgresql', id, isNew: true }),
      )
      expect(await open('sql', server.url)).toBe('opened')
      await expect(open('sql')).rejects.toMatchObject(refused)
    } finally {
      await keys.close()
      for (const { drop } of [server, other]) await drop()
      await removeDirectory(scratch)
    }
  })
})

describe('the escrow of many years in PostgreSQL', () => {
  const [inAll, moved] = [20_000, 20]
  const name = (nth: number): string => sha256(Buffer.from(String(nth)))
  const place = { id: '00000000-0000-4000-8000-00000000feed' }

  /** What the server counts of the rows once a connection has ended. */
  const scans = async (url: string): Promise<readonly [whole: number, byIndex: number]> => {
    const { pool, close } = openServer(url)
    try {
      const { rows } = await pool.query<Record<'seq_scan' | 'idx_scan', string>>(
        `select seq_scan, idx_scan from pg_stat_user_tables where relname = 'escrowed_key'`,
      )
      return [Number(rows[0]?.seq_scan), Number(rows[0]?.idx_scan)]
    } finally {
      await close()
    }
  }

  /** Does what is asked of a vault of many rows, and shows that none of it went through all of them. */
  const byIndex = async (
    { columns, values }: Readonly<{ columns: string; values: string }>,
    least: number,
    act: (store: EscrowStore) => Promise<void>,
  ): Promise<void> => {
    const server = await createOnServer()
    try {
      await (await openServerEscrowStore(server.url, { ...place, isNew: true })).close()
      const { pool, close } = openServer(server.url)
      await pool.query(
        `insert into vault.escrowed_key (spki_sha256, spki, kek, blob, generated_at, ${columns})
         select encode(sha256(n::text::bytea), 'hex'), '\\x00', 'kek', '\\x00', '2026-03-02T09:00:00Z', ${values}
         from generate_series(1, $1) n`,
        [inAll],
      )
      await pool.query('analyze vault.escrowed_key')
      await close()
      const [whole, before] = await scans(server.url)
      const store = await openServerEscrowStore(server.url, place)
      await act(store)
      await store.close()
      await expect
        .poll(async () => (await scans(server.url))[1], { timeout: 10_000 })
        .toBeGreaterThanOrEqual(before + least)
      expect((await scans(server.url))[0]).toBe(whole)
    } finally {
      await server.drop()
    }
  }

  it('CGU-41: a key is put in the place of the one before by its index, however many there are', () =>
    byIndex({ columns: 'state', values: `'stock'` }, 2 * moved, async (store) => {
      for (let nth = 1; nth <= moved; nth += 1) {
        const row = (await store.byKey(name(nth)))!
        await store.replace(row, { ...row, state: 'reserved', serial: String(nth).padStart(32, '4') })
      }
    }))

  it('CGU-60: the stock is listed, and what became of a key is told, without a look at those that are kept', () =>
    byIndex(
      {
        columns: 'state, serial, record_mac',
        values: `case when n <= ${moved} then 'stock' else 'kept' end,
                 case when n <= ${moved} then null else lpad(n::text, 32, '0') end,
                 case when n <= ${moved} then null else 'mac' end`,
      },
      3,
      async (store) => {
        const stock = Array.from({ length: moved }, (_, i) => name(i + 1))
        expect(await store.stock()).toEqual(stock)
        expect((await store.unkept()).map(({ spkiSha256 }) => spkiSha256)).toEqual(stock)
        const kept = name(moved + 1)
        expect(await store.statesOf([kept, name(0)])).toEqual(new Map([[kept, 'kept']]))
      },
    ))
})
