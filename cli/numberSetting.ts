// A setting that is a whole number.
import { ConfigFault } from './configFault.ts'

/** @param otherwise what holds where it is not set. @throws ConfigFault that names the setting */
export const numberFrom = (
  read: (name: string) => string | undefined,
  name: string,
  otherwise: number,
  [least, most]: readonly [number, number],
): number => {
  const text = read(name) ?? String(otherwise)
  const value = Number(text)
  if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value
  throw new ConfigFault(`${name}: ${text} is no number from ${least} to ${most}`)
}
