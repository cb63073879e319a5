// The signer's own count: whenever its process dies, what it has left on disk is no less than what has left, and says how much of it is
// uncertain.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSignatureCounts, readSignatureCounts } from '../../hsm/signatureCount.ts'
import { removeDirectory, temporaryDirectory } from './custody.ts'

let directory: string
beforeAll(async () => {
  directory = await temporaryDirectory()
})
afterAll(() => removeDirectory(directory))

let files = 0
const fresh = (): string => join(directory, `${(files += 1)}.json`)

describe('RGS A2 V.4: signatures are counted by who makes them', () => {
  it('before they leave: at whatever moment it dies, none is missing, and what may be too many is said', async () => {
    const rounds = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b'), many: fc.integer({ min: 1, max: 40 }) }),
      {
        maxLength: 6,
      },
    )
    await fc.assert(
      fc.asyncProperty(rounds, async (lives) => {
        const file = fresh()
        const left = new Map<string, number>()
        const holds = (): void => {
          const counts = readSignatureCounts(file)
          for (const [key, many] of left) {
            const { signatures, uncertain } = counts[key] ?? { signatures: 0, uncertain: 0 }
            expect(many).toBeLessThanOrEqual(signatures)
            expect(many).toBeGreaterThanOrEqual(signatures - uncertain)
          }
        }
        for (const { key, many } of lives) {
          // It is never closed: the next one opens what a process that died has left.
          const { counting } = openSignatureCounts(file)
          const sign = async (): Promise<void> => {
            await counting(key, async () => undefined)
            left.set(key, (left.get(key) ?? 0) + 1)
            holds()
          }
          await Promise.all(Array.from({ length: many }, sign))
        }
      }),
      { numRuns: 12 },
    )
  })

  it('exactly, where it was closed; what failed is not counted', async () => {
    const file = fresh()
    const first = openSignatureCounts(file)
    for (let i = 0; i < 37; i += 1) await first.counting('a', async () => i)
    await expect(first.counting('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    await first.close()
    const second = openSignatureCounts(file)
    await second.counting('b', async () => 1)
    expect(second.counts()).toEqual({
      a: { signatures: 37, uncertain: 0 },
      b: { signatures: 1, uncertain: 0 },
    })
    await second.close()
    expect(readSignatureCounts(file)).toEqual(second.counts())
  })

  it('and given back when it is quiet, so that a stop later costs nothing', async () => {
    const file = fresh()
    const { counting } = openSignatureCounts(file)
    await counting('a', async () => 1)
    await expect
      .poll(() => readSignatureCounts(file), { timeout: 5000 })
      .toEqual({ a: { signatures: 1, uncertain: 0 } })
  })

  it('what cannot be counted does not leave, and a count that cannot be read is not begun anew', async () => {
    const file = join(directory, 'gone', 'counts.json')
    const { counting, counts } = openSignatureCounts(file)
    let signed = 0
    await expect(counting('a', async () => (signed += 1))).rejects.toThrow('ENOENT')
    expect([signed, counts()['a']?.signatures]).toEqual([0, 0])
    const spoilt = fresh()
    for (const text of ['', '{}', '{"v":1,"keys":{"a":{"signatures":2,"reserved":1,"uncertain":0}}}']) {
      await writeFile(spoilt, text)
      expect(() => openSignatureCounts(spoilt)).toThrow(`the count of signatures cannot be read: ${spoilt}`)
    }
    await rm(spoilt)
    expect(readSignatureCounts(spoilt)).toEqual({})
  })
})
