// Civil dates as the CGU counts them, on strings: the domain has no clock and no time zone data.
import type { Instant } from '../kernel.ts'

/** Days since 1970-01-01 of a proleptic Gregorian day. */
const daysOf = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return (
    era * 146_097 +
    yearOfEra * 365 +
    Math.floor(yearOfEra / 4) -
    Math.floor(yearOfEra / 100) +
    dayOfYear -
    719_468
  )
}

const civil = (days: number): readonly [number, number, number] => {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shifted = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shifted < 10 ? shifted + 3 : shifted - 9
  return [
    yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  ]
}

const pad = (value: number, width = 2): string => String(value).padStart(width, '0')
const part = (instant: Instant, from: number, to: number): number => Number(instant.slice(from, to))

/** Seconds since 1970-01-01T00:00:00Z. */
export const secondsOf = (instant: Instant): number =>
  daysOf(part(instant, 0, 4), part(instant, 5, 7), part(instant, 8, 10)) * 86_400 +
  part(instant, 11, 13) * 3600 +
  part(instant, 14, 16) * 60 +
  part(instant, 17, 19)

const instantOf = (seconds: number): Instant => {
  const days = Math.floor(seconds / 86_400)
  const rest = seconds - days * 86_400
  const [year, month, day] = civil(days)
  return `${pad(year, 4)}-${pad(month)}-${pad(day)}T${pad(Math.floor(rest / 3600))}:${pad(Math.floor(rest / 60) % 60)}:${pad(rest % 60)}Z`
}

export const addSeconds = (instant: Instant, seconds: number): Instant =>
  instantOf(secondsOf(instant) + seconds)
export const addHours = (instant: Instant, hours: number): Instant => addSeconds(instant, hours * 3600)
export const addDays = (instant: Instant, days: number): Instant => addSeconds(instant, days * 86_400)

/** Same day and hour, `years` later; 29 February becomes 28 (events.md section 6). */
export const addYears = (instant: Instant, years: number): Instant => {
  const year = part(instant, 0, 4) + years
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  const date = instant.slice(4, 10)
  return `${pad(year, 4)}${date === '-02-29' && !leap ? '-02-28' : date}${instant.slice(10)}`
}

/** Months back from a day, clipped to the month's end: for mandates "of less than three months". */
export const monthsBefore = (day: string, months: number): string => {
  const total = part(day, 0, 4) * 12 + part(day, 5, 7) - 1 - months
  const [year, month] = [Math.floor(total / 12), (total % 12) + 1]
  const next = month === 12 ? daysOf(year + 1, 1, 1) : daysOf(year, month + 1, 1)
  const length = next - daysOf(year, month, 1)
  return `${pad(year, 4)}-${pad(month)}-${pad(Math.min(part(day, 8, 10), length))}`
}

/** Months on from a day, clipped to the month's end. */
export const monthsAfter = (day: string, months: number): string => monthsBefore(day, -months)

/** 01:00 UTC of a month's last Sunday, when the European Union changes its clocks (directive 2000/84/EC). */
const clockChange = (year: number, month: 3 | 10): number => {
  const last = daysOf(year, month, 31)
  return (last - ((last + 4) % 7)) * 86_400 + 3600
}

/** The day in France, `YYYY-MM-DD`, of an instant. */
export const dayOf = (instant: Instant): string => {
  const seconds = secondsOf(instant)
  const year = part(instant, 0, 4)
  const summer = seconds >= clockChange(year, 3) && seconds < clockChange(year, 10)
  return instantOf(seconds + (summer ? 7200 : 3600)).slice(0, 10)
}

/** The first instant of a day in France. */
export const startOf = (day: string): Instant => {
  const summer = addHours(`${day}T00:00:00Z`, -2)
  return dayOf(summer) === day ? summer : addHours(summer, 1)
}

/** The quarter of an instant's day in France, `YYYY-Qn`: journals are kept by quarter. */
export const quarterOf = (instant: Instant): string => {
  const day = dayOf(instant)
  return `${day.slice(0, 4)}-Q${Math.ceil(part(day, 5, 7) / 3)}`
}

/** So much the clocks of two machines may differ, in seconds. */
export const leewaySeconds = 60

/** Whether something was dated by a clock that was ahead, and was put back since: its time has not come yet. */
export const isAhead = (dated: Instant, now: Instant): boolean => dated > addSeconds(now, leewaySeconds)
