import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, link, open, readFile, rm, truncate, writeFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { KeyFault } from '../../hsm/keyFault.ts'
import { openRecordStore, type RecordStore } from '../../hsm/recordStore.ts'
import { openCustody, removeDirectory, temporaryDirectory } from './custody.ts'

let directory: string
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => removeDirectory(directory))

let counted = 0
const key = randomBytes(32)
const fresh = (): string => join(directory, `${(counted += 1)}.records`)
const openStore = (path: string): Promise<RecordStore> => openRecordStore({ path, key })

/** What every open file has its functions from. */
const handles = async (path: string): Promise<FileHandle> => {
  const handle = await open(path, 'r')
  await handle.close()
  return Object.getPrototypeOf(handle) as FileHandle
}
const noRoom = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
const ioFault = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })

describe('a file of records', () => {
  type Step = readonly ['put' | 'remove', string, string] | readonly ['reopen']
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant('put' as const), name, fc.string({ maxLength: 40 })) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('remove' as const), name, fc.constant('')) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('reopen' as const)) },
  )
  it('holds what a Map would, however often it is opened, compacted on the way', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 24 }), async (steps) => {
        const path = fresh()
        const model = new Map<string, string>()
        let store = await openStore(path)
        const waiting: Promise<void>[] = []
        const settled = async (): Promise<void> => {
          await Promise.all(waiting.splice(0))
          const found = [...store.names()].map((one) => [one, store.get(one)?.toString('utf8')])
          expect(Object.fromEntries(found)).toEqual(Object.fromEntries(model))
        }
        for (const [operation, of = '', value = ''] of steps) {
          if (operation === 'reopen') {
            await settled()
            await store.close()
            store = await openStore(path)
          } else if (operation === 'put') {
            waiting.push(store.put(of, Buffer.from(value)))
            model.set(of, value)
          } else {
            waiting.push(store.remove(of))
            model.delete(of)
          }
        }
        await settled()
        await store.close()
      }),
      { seed: 5, numRuns: 60 },
    )
  })

  it('a full disk fails what it was given, and nothing else: written anew, it goes on when there is room', async () => {
    const path = fresh()
    const store = await openStore(path)
    await store.put('a', Buffer.from('before'))
    const files = await handles(path)
    const flush = vi.spyOn(files, 'datasync').mockRejectedValueOnce(noRoom)
    const anew = vi.spyOn(files, 'sync')
    try {
      await expect(store.put('b', Buffer.from('refused'))).rejects.toThrow(KeyFault)
      anew.mockRejectedValueOnce(noRoom)
      await expect(store.put('b', Buffer.from('refused too'))).rejects.toThrow(KeyFault)
      expect(store.has('b')).toBe(false)
      const put = store.put('c', Buffer.from('after'))
      // Who reads while the file is written anew finds the one or the other, and never none.
      while ((await Promise.race([put.then(() => 'done'), new Promise(setImmediate)])) !== 'done')
        expect(store.get('a')?.toString()).toBe('before')
    } finally {
      flush.mockRestore()
      anew.mockRestore()
    }
    await store.close()
    const found = await openStore(path)
    expect([...found.names()].map((name) => [name, found.get(name)?.toString()])).toEqual([
      ['a', 'before'],
      ['c', 'after'],
    ])
    await found.close()
  })

  it('CGU-116: a disk that fails once while a removed record is overwritten fails that removal, and takes what follows', async () => {
    const path = fresh()
    const store = await openStore(path)
    const before = await open(path, 'r')
    await store.put('a', Buffer.from('destroyed'))
    const put = (await readFile(path)).length
    await store.put('b', Buffer.from('stays'))
    const real = before.datasync.bind(before)
    // The removal is flushed; the zeros in the place of what it removes are not.
    const flush = vi
      .spyOn(await handles(path), 'datasync')
      .mockImplementationOnce(real)
      .mockRejectedValueOnce(ioFault)
    try {
      await expect(store.remove('a')).rejects.toThrow(KeyFault)
    } finally {
      flush.mockRestore()
    }
    expect([...store.names()]).toEqual(['b'])
    await store.remove('a')
    await store.put('c', Buffer.from('after'))
    expect(['b', 'c'].map((name) => store.get(name)?.toString())).toEqual(['stays', 'after'])
    // The file that was written before has zeros there as well.
    const first = Buffer.alloc(put)
    await before.read(first, 0, put, 0)
    await before.close()
    expect(first.subarray(36)).toEqual(Buffer.alloc(put - 36))
    await store.close()
    const found = await openStore(path)
    expect([...found.names()]).toEqual(['b', 'c'])
    await found.close()
  })

  it('CGU-116: a file written anew that was not finished is overwritten and removed, when that fails and at the next start', async () => {
    const path = fresh()
    const [anew, inode] = [`${path}.new`, fresh()]
    /** Another name for what will be written there: it shows what is left of it on the disk. */
    const leave = async (): Promise<void> => {
      await writeFile(anew, 'a wrapped key that was destroyed since')
      await rm(inode, { force: true })
      await link(anew, inode)
    }
    const expectCleared = async (): Promise<void> => {
      expect(existsSync(anew)).toBe(false)
      const left = await readFile(inode)
      expect(left.length).toBeGreaterThan(36)
      expect(left).toEqual(Buffer.alloc(left.length))
    }
    const store = await openStore(path)
    await store.put('a', Buffer.from('value'))
    const files = await handles(path)
    const flush = vi.spyOn(files, 'datasync').mockRejectedValueOnce(noRoom)
    const written = vi.spyOn(files, 'sync').mockRejectedValueOnce(noRoom)
    try {
      await expect(store.put('b', Buffer.from('refused'))).rejects.toThrow(KeyFault)
      await leave()
      await expect(store.put('b', Buffer.from('refused too'))).rejects.toThrow(KeyFault)
    } finally {
      flush.mockRestore()
      written.mockRestore()
    }
    await expectCleared()
    await store.close()
    await leave()
    await (await openStore(path)).close()
    await expectCleared()
  })

  it('cut anywhere, it opens with every record that was whole, and goes on from there', async () => {
    const path = fresh()
    const store = await openStore(path)
    const values = ['first', 'second', 'third'].map((value) => Buffer.from(value))
    const ends: number[] = []
    for (const [i, value] of values.entries()) {
      await store.put(`r${i}`, value)
      ends.push((await readFile(path)).length)
    }
    await store.close()
    const whole = await readFile(path)
    for (let cut = ends[0]!; cut <= whole.length; cut += 1) {
      const torn = fresh()
      await writeFile(torn, whole)
      await truncate(torn, cut)
      const opened = await openStore(torn)
      expect([...opened.names()]).toEqual(['r0', 'r1', 'r2'].filter((_, i) => ends[i]! <= cut))
      await opened.put('next', Buffer.from('after the crash'))
      await opened.close()
      const again = await openStore(torn)
      expect(again.get('next')?.toString()).toBe('after the crash')
      await again.close()
    }
  })

  it('space that was given and never written is no damage; anything else behind the last record is', async () => {
    const path = fresh()
    const store = await openStore(path)
    await store.put('a', Buffer.from('value'))
    await store.close()
    await appendFile(path, Buffer.alloc(5000))
    const opened = await openStore(path)
    expect(opened.get('a')?.toString()).toBe('value')
    await opened.close()
    await appendFile(path, Buffer.alloc(40, 1))
    await expect(openStore(path)).rejects.toThrow(KeyFault)
  })

  it('another key, and a file of something else, are refused', async () => {
    const path = fresh()
    const store = await openStore(path)
    await store.put('a', Buffer.from('value'))
    await store.close()
    await expect(openRecordStore({ path, key: randomBytes(32) })).rejects.toThrow(KeyFault)
    const other = fresh()
    await writeFile(other, 'something else altogether')
    await expect(openStore(other)).rejects.toThrow(KeyFault)
  })

  it('what may not be written is refused, and all that follows until it is opened again', async () => {
    const path = fresh()
    let may = true
    const mayWrite = async (): Promise<void> => {
      if (!may) throw new KeyFault('taken over')
    }
    const store = await openRecordStore({ path, key, mayWrite })
    await store.put('a', Buffer.from('1'))
    may = false
    await expect(store.put('b', Buffer.from('2'))).rejects.toThrow(KeyFault)
    may = true
    for (const name of ['c', 'd', 'e'])
      await expect(store.put(name, Buffer.from('3'))).rejects.toThrow(KeyFault)
    expect([...store.names()]).toEqual(['a'])
    await store.close()
  })
})

describe('kill -9', () => {
  it('every key that the vault has given out is there afterwards, and the vault opens at once', async () => {
    const home = await temporaryDirectory()
    try {
      for (let round = 0; round < 3; round += 1) {
        const child = spawn(process.execPath, [
          '--import',
          'tsx',
          join(import.meta.dirname, 'putForever.ts'),
          home,
        ])
        let said = ''
        let enough = 60 * (round + 1)
        child.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text
          enough -= text.split('\n').length - 1
          if (enough <= 0) child.kill('SIGKILL')
        })
        await once(child, 'close')
        const lines = said.slice(0, said.lastIndexOf('\n')).split('\n')
        expect(lines.length).toBeGreaterThan(30)
        const { vault, close } = await openCustody(home)
        for (const line of lines) {
          const [keyId = '', hex] = line.split(' ')
          expect([keyId, Buffer.from((await vault.dataKeys.find(keyId)) ?? []).toString('hex')]).toEqual([
            keyId,
            hex,
          ])
        }
        await close()
      }
    } finally {
      await removeDirectory(home)
    }
  })
})
