// The escrow with its rows in PostgreSQL, on a server and in this process; keys.test.ts has it with its rows in a file.
import { cp } from 'node:fs/promises'
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
      // A key of the first directory is there: a new one does not take it for its own.
      const first = await openVault({ directory: join(scratch, 'sql'), databaseUrl: server.url, keys, now })
      await first.escrow.fillStock(1)
      await first.close()
      await expect(open('new', server.url)).rejects.toMatchObject(refused)
      expect(await open('file')).toBe('opened')
      expect(await open('file', server.url)).toBe('opened')
      await cp(join(scratch, 'sql', 'escrow.json'), join(scratch, 'file', 'escrow.json'))
      await expect(open('file', other.url)).rejects.toMatchObject(refused)
      expect(await open('sql', server.url)).toBe('opened')
    } finally {
      await keys.close()
      for (const { drop } of [server, other]) await drop()
      await removeDirectory(scratch)
    }
  })
})
