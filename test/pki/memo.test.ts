import { describe, expect, it } from 'vitest'
import { onceFor, onceForOctets, onceForText } from '../../pki/memo.ts'

/** Says how often it was asked. */
const counted = () => {
  let asked = 0
  return { times: () => asked, make: (of: unknown) => ({ of, nth: (asked += 1) }) }
}

describe('what is worked out once', () => {
  it('is the same for the same object, text or octets, and another for others', () => {
    const { times, make } = counted()
    const [object, text, octets] = [onceFor(make), onceForText(make), onceForOctets(make)]
    const one = {}
    expect(object(one)).toBe(object(one))
    expect(object({})).not.toBe(object({}))
    expect(text('a')).toBe(text('a'))
    expect(text('b')).not.toBe(text('a'))
    expect(octets(Buffer.from([0, 255]))).toBe(octets(Uint8Array.of(0, 255)))
    expect(octets(Uint8Array.of(1, 0, 255).subarray(1))).toBe(octets(Uint8Array.of(0, 255)))
    expect(octets(Uint8Array.of(0))).not.toBe(octets(Uint8Array.of()))
    expect(times()).toBe(8)
  })

  it('keeps octets as they were, whatever becomes of those that were given', () => {
    const read = onceForOctets((octets) => octets)
    const given = Uint8Array.of(1, 2)
    const first = read(given)
    given[0] = 9
    expect([[...first], [...read(given)], [...read(Uint8Array.of(1, 2))]]).toEqual([
      [1, 2],
      [9, 2],
      [1, 2],
    ])
  })

  it('keeps nothing that was thrown, and no more than a few hundred texts', () => {
    let tries = 0
    const fails = onceForText(() => {
      tries += 1
      throw new Error('no')
    })
    for (const text of ['a', 'a']) expect(() => fails(text)).toThrow('no')
    expect(tries).toBe(2)
    const { times, make } = counted()
    const once = onceForText(make)
    for (let n = 0; n < 1000; n += 1) once(String(n))
    once('0')
    expect(times()).toBe(1001)
  })
})
