// CGU-73: « par défaut le n° de série ». People copy serial numbers from wherever they are shown: in hex, upper or lower case, with
// spaces or colons, with leading zeros, or in decimal.
import { Problem } from './problems.ts'

const ours = /^[4-7][0-9a-f]{31}$/

/** The serial number as the ledger names it, or undefined when it cannot be one of this authority's. */
export const parseSerial = (text: string): string | undefined => {
  const bare = text.replace(/[\s:]/g, '').toLowerCase().replace(/^0x/, '')
  const hex = bare.replace(/^(00)+/, '')
  if (ours.test(hex)) return hex
  if (!/^\d{38,39}$/.test(bare)) return undefined
  const converted = BigInt(bare).toString(16)
  return ours.test(converted) ? converted : undefined
}

/** @throws Problem CERTIFICATE_UNKNOWN: what is not a serial of ours names no certificate of ours */
export const serialFrom = (text: string): string => {
  const serial = parseSerial(text)
  if (serial === undefined) throw new Problem('CERTIFICATE_UNKNOWN', { clause: 'CGU-73', detail: 'serial' })
  return serial
}
