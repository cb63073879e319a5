/** Milliseconds of the same day and hour `years` civil years later; 29 February becomes 28 (events.md 6). */
export const yearsAfter = (from: number, years: number): number => {
  const start = new Date(from)
  const end = new Date(from)
  end.setUTCFullYear(start.getUTCFullYear() + years)
  if (end.getUTCMonth() !== start.getUTCMonth()) end.setUTCDate(0)
  return end.getTime()
}
