// Dates of certificates, CRLs and OCSP responses. An instant is `YYYY-MM-DDTHH:MM:SSZ`, UTC, to the second.
import type { Instant } from '../domain/kernel.ts'
import { isMoment } from './calendar.ts'
import { tlv, type Der } from './der.ts'

/** No well-defined end (RFC 5280 4.1.2.5; CGU-87, CGU-88). */
export const endOfTime: Instant = '9999-12-31T23:59:59Z'

const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z$/

const digits = (instant: Instant): string => {
  const text = form.exec(instant)?.slice(1).join('')
  if (text === undefined || !isMoment(text)) throw new RangeError('not an instant')
  return `${text}Z`
}

const ascii = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/**
 * `Time` of RFC 5280 4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on, with seconds, `Z`, no fraction.
 * @throws RangeError for what is no instant, or is before 1950, which neither form can carry
 */
export const time = (instant: Instant): Der => {
  const text = digits(instant)
  if (text < '1950') throw new RangeError('before 1950')
  return text < '2050' ? tlv(0x17, ascii(text.slice(2))) : tlv(0x18, ascii(text))
}

/** GeneralizedTime, whatever the year (RFC 6960 4.2.2.1). @throws RangeError */
export const generalizedTime = (instant: Instant): Der => tlv(0x18, ascii(digits(instant)))
