import fc from 'fast-check'
import { expect, it } from 'vitest'
import { isMoment } from '../../pki/calendar.ts'

it('RFC 5280 4.1.2.5: there is a moment exactly where Date comes back as it was', () => {
  const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, '0'))
  const year = fc.oneof(fc.integer({ min: 0, max: 9999 }), fc.constantFrom(1900, 2000, 2024, 2026, 2100))
  const near = (most: number) =>
    fc.oneof(
      fc.integer({ min: 0, max: most + 1 }).map((n) => String(n).padStart(2, '0')),
      two,
    )
  fc.assert(
    fc.property(
      fc.tuple(
        year.map((n) => String(n).padStart(4, '0')),
        near(12),
        near(31),
        near(23),
        near(59),
        near(59),
      ),
      ([y, month, day, hour, minute, second]) => {
        const text = `${y}-${month}-${day}T${hour}:${minute}:${second}.000Z`
        const time = Date.parse(text)
        const isReal = !Number.isNaN(time) && new Date(time).toISOString() === text
        expect(isMoment(`${y}${month}${day}${hour}${minute}${second}`)).toBe(isReal)
      },
    ),
    { numRuns: 5000, seed: 5280 },
  )
})
