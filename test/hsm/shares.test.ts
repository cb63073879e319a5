// The PIN of the recovery token, k of n: any k shares give it back, and nothing else does, not even silently.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  combineShares,
  drawPin,
  isDrawnPin,
  readShare,
  ShareFault,
  splitPin,
  writeShare,
  type NamedShare,
  type Share,
} from '../../hsm/shares.ts'

const named = (shares: readonly Share[]): readonly NamedShare[] =>
  shares.map((share) => ({ name: `share-${share.index}`, share }))

/** What becomes of an attempt: the PIN, or the code and the name of the share at fault. */
const outcome = async (attempt: () => Promise<string> | string): Promise<string> => {
  try {
    return await attempt()
  } catch (error) {
    return error instanceof ShareFault ? error.message : String(error)
  }
}

const [pin, otherPin] = [drawPin(randomBytes), drawPin(randomBytes)]
const set = await splitPin(pin, { threshold: 3, shares: 5 })
const again = await splitPin(pin, { threshold: 3, shares: 5 })
const [one, two, three, four] = named(set) as [NamedShare, NamedShare, NamedShare, NamedShare, NamedShare]
const [, , foreign] = named(again) as [NamedShare, NamedShare, NamedShare]

describe('a PIN split k of n', () => {
  it('CGU-46: any k of its shares, in any order, give it back', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .integer({ min: 2, max: 7 })
          .chain((shares) => fc.tuple(fc.constant(shares), fc.integer({ min: 2, max: shares }))),
        fc.uint8Array({ minLength: 24, maxLength: 24 }),
        fc.infiniteStream(fc.nat()),
        async ([shares, threshold], octets, order) => {
          const secret = drawPin(() => octets)
          const made = named(await splitPin(secret, { threshold, shares }))
          const shuffled = made
            .map((share) => [order.next().value as number, share] as const)
            .toSorted(([left], [right]) => left - right)
            .map(([, share]) => share)
          for (let count = threshold; count <= shares; count += 1)
            expect(await combineShares(shuffled.slice(0, count))).toBe(secret)
          const few = await outcome(() => combineShares(shuffled.slice(0, threshold - 1)))
          expect(few).toBe(`SHARES_TOO_FEW: ${threshold - 1} of the ${threshold} that are needed`)
        },
      ),
      { seed: 46, numRuns: 60 },
    )
  })

  it.each([
    ['no share', [], 'SHARES_TOO_FEW: no share was given'],
    ['too few', [one, two], 'SHARES_TOO_FEW: 2 of the 3 that are needed'],
    ['one twice', [one, two, { ...one, name: 'copy' }], 'SHARE_REPEATED: copy and share-1 are one share'],
    [
      'one of another set of the same PIN',
      [one, two, { ...foreign, name: 'other' }],
      'SHARE_OF_ANOTHER_SET: other is not of the set of share-1',
    ],
    [
      'one whose octets are another’s',
      [one, two, { name: 'bad', share: { ...three.share, share: four.share.share } }],
      'SHARE_DAMAGED: bad is not as it was given out',
    ],
    [
      'one that says that fewer are needed',
      [{ name: 'low', share: { ...one.share, threshold: 2 } }, two],
      'SHARE_DAMAGED: low is not as it was given out',
    ],
    [
      'one that says that it is another one',
      [one, two, { name: 'third', share: { ...two.share, index: 3 } }],
      'SHARE_DAMAGED: third is not as it was given out',
    ],
  ] as const)('CGU-46: %s: refused by name, and no PIN comes out', async (_, shares, said) => {
    expect(await outcome(() => combineShares(shares))).toBe(said)
  })

  it('CGU-46: whoever makes up a share and a set around it has a set of his own', async () => {
    const forgery = named(await splitPin(otherPin, { threshold: 3, shares: 5 }))[2]!
    expect(await outcome(() => combineShares([one, two, forgery]))).toMatch(/^SHARE_OF_ANOTHER_SET: /)
  })

  it('CGU-46: no character of a share can be another one', async () => {
    const text = writeShare(three.share)
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: text.length - 2 }),
        fc.integer({ min: 1, max: 127 }),
        async (where, flip) => {
          const changed = `${text.slice(0, where)}${String.fromCharCode(text.charCodeAt(where) ^ flip)}${text.slice(where + 1)}`
          const said = await outcome(() => combineShares([one, two, readShare('changed', changed)]))
          // What reads as the same share, as another escape or a space, is the same share.
          expect(said === pin ? readShare('changed', changed).share : said).toEqual(
            said === pin
              ? three.share
              : (expect.stringMatching(/^SHARE_(UNREADABLE|DAMAGED|OF_ANOTHER_SET)/) as string),
          )
        },
      ),
      { seed: 46, numRuns: 400 },
    )
  })

  it.each(['', 'null', '[]', '{}', '"share"', '{"form":"grand-livre/pin-share/2"}', '\u0000'])(
    'CGU-46: %j is no share',
    async (text) => {
      const said = await outcome(() => readShare('x.json', text).name)
      expect(said).toBe('SHARE_UNREADABLE: x.json is no share')
    },
  )

  it('CGU-46: only a PIN that was drawn is split, and never so that one has it alone', async () => {
    expect([pin.length, isDrawnPin(pin), isDrawnPin('123456')]).toEqual([32, true, false])
    const asked = [
      [pin, 1, 3],
      [pin, 4, 3],
      [pin, 2.5, 3],
      [pin, 2, 256],
      ['123456', 2, 3],
      ['', 2, 3],
    ] as const
    for (const [secret, threshold, shares] of asked)
      await expect(splitPin(secret, { threshold, shares })).rejects.toThrow(RangeError)
  })

  it('CGU-46: the fault quotes no share', async () => {
    const bad = { name: 'bad', share: { ...three.share, share: four.share.share } }
    const said = await outcome(() => combineShares([one, two, bad]))
    for (const { share } of [one, two, three, four]) expect(said).not.toContain(share.share)
  })
})
