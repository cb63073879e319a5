// The escrow with its rows in PostgreSQL, on a server and in this process; keys.test.ts has it with its rows in a file.
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openVault } from '../../hsm/vault.ts'
import { createOnServer } from '../support/database.ts'
import { now, openKeys, removeDirectory, temporaryDirectory } from './custody.ts'
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
