// Whether there is such a moment, told without making a Date of it: a list has one for each of a million entries.

const daysOf = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const daysIn = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (daysOf[month - 1] ?? 0)

/** @param digits `YYYYMMDDHHMMSS`, nothing but digits; leap seconds are none of RFC 5280 */
export const isMoment = (digits: string): boolean => {
  const day = Number(digits.slice(6, 8))
  return (
    day > 0 &&
    day <= daysIn(Number(digits.slice(0, 4)), Number(digits.slice(4, 6))) &&
    digits.slice(8, 10) < '24' &&
    digits.slice(10, 12) < '60' &&
    digits.slice(12, 14) < '60'
  )
}
