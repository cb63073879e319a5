// PINs and PUKs of the card: records of eight octets, filled up with FF, each with tries of its own.
import { timingSafeEqual } from 'node:crypto'
import { refuse, status } from './apdu.ts'

const octets = 8

type Secret = { value: Buffer; most: number; left: number }
export type PinRecord = { readonly pin: Secret; readonly puk: Secret }

const secret = (value: Buffer, most: number): Secret => ({ value: Buffer.from(value), most, left: most })

/** The record of PUT DATA 01 01 to 0E: PIN, PUK, tries of each, flags. @throws StatusFault */
export const pinRecord = (data: Buffer): PinRecord => {
  const [pinTries = 0, pukTries = 0] = data.subarray(2 * octets)
  if (data.length !== 2 * octets + 3 || pinTries < 1 || pukTries < 1) refuse(status.wrongData)
  return {
    pin: secret(data.subarray(0, octets), pinTries),
    puk: secret(data.subarray(octets, 2 * octets), pukTries),
  }
}

/** The status of a wrong one: how many tries are left (ISO/IEC 7816-4 table 6). */
export const triesStatus = ({ left }: Secret): number => (left === 0 ? status.blocked : 0x63c0 | left)

/** The try counts before it is judged. @throws StatusFault */
const demand = (known: Secret, given: Buffer): void => {
  if (known.left === 0) refuse(status.blocked)
  if (given.length !== octets) refuse(status.wrongLength)
  known.left -= 1
  if (!timingSafeEqual(known.value, given)) refuse(0x63c0 | known.left)
  known.left = known.most
}

export const verifyPin = ({ pin }: PinRecord, given: Buffer): void => demand(pin, given)

/** @param data the old PIN and the new one */
export const changePin = ({ pin }: PinRecord, data: Buffer): void => {
  if (data.length !== 2 * octets) refuse(status.wrongLength)
  demand(pin, data.subarray(0, octets))
  pin.value = Buffer.from(data.subarray(octets))
}

/** @param data the PUK and a new PIN */
export const resetPin = ({ pin, puk }: PinRecord, data: Buffer): void => {
  if (data.length !== 2 * octets) refuse(status.wrongLength)
  demand(puk, data.subarray(0, octets))
  pin.value = Buffer.from(data.subarray(octets))
  pin.left = pin.most
}
