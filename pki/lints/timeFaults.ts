import { DerFault, instantOf, type Value } from '../derReader.ts'

/** What is wrong with a `Time` of RFC 5280: UTCTime through 2049, GeneralizedTime from 2050 on, to the second, in Z. */
export const timeFaults = (value: Value | undefined): readonly string[] => {
  try {
    const utcTime = instantOf(value) < '2050'
    return (value?.tag === 0x17) === utcTime ? [] : [`${utcTime ? 'UTCTime' : 'GeneralizedTime'} expected`]
  } catch (error) {
    if (error instanceof DerFault) return [error.message]
    throw error
  }
}

/** What is wrong with a GeneralizedTime of RFC 6960. */
export const generalizedTimeFaults = (value: Value | undefined): readonly string[] => {
  try {
    instantOf(value)
    return value?.tag === 0x18 ? [] : ['GeneralizedTime expected']
  } catch (error) {
    if (error instanceof DerFault) return [error.message]
    throw error
  }
}
