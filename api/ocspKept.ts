// Answers that are given more than once: in memory while nothing has changed, and by whoever keeps them for when none can be signed.
import { createHash } from 'node:crypto'
import type { Said } from '../commands/ocspActivity.ts'
import type { Instant } from '../domain/kernel.ts'
import { isAhead } from '../domain/policy/dates.ts'
import type { OcspAnswer, OcspStatus } from '../pki/ocsp.ts'
import type { OcspRequest } from '../pki/ocspRequest.ts'

/** What was signed for everybody. */
export type Signed = Readonly<{
  bytes: Uint8Array
  thisUpdate: Instant
  nextUpdate: Instant
  /** Half of its term is over: it is signed anew when it is asked for. */
  renewAt: Instant
  said: Said
}>

/** An answer of later than now was signed by a clock that was ahead: nobody takes it, until that time has come. */
export const isToBeSigned = (
  { renewAt, thisUpdate }: Pick<Signed, 'renewAt' | 'thisUpdate'>,
  at: Instant,
): boolean => renewAt <= at || isAhead(thisUpdate, at)

/** An answer that may be given again while its term lasts, and what it is known by. */
export type KeptAnswer = Signed &
  Readonly<{
    /** Serial of the certificate of who signed it. */
    responder: string
    /** Serials that were asked about, and what was said of each. */
    serials: readonly string[]
    statuses: readonly OcspStatus[]
  }>

/** Keeps answers for when nobody can be asked any more. */
export type OcspKeeper = Readonly<{
  keep: (key: string, answer: KeptAnswer) => void
  /** One whose term has not ended. */
  find: (key: string) => KeptAnswer | undefined
}>

/** Answers kept. A definitive answer costs a signature, and most requests are for few certificates. */
const kept = 10_000

/** The certificates asked for. */
export const keyOfRequest = ({ requests }: OcspRequest): string => {
  const hash = createHash('sha256')
  for (const { der } of requests) hash.update(der)
  return hash.digest('hex')
}

type Entry = Readonly<{
  signed: Signed
  /** What was said: when the table says something else, this is signed anew. */
  said: string
  /** Where the table stood: while it stands there it says the same, and is not asked. */
  position: string | undefined
}>

/** The answers of this process, the newest so many: one that is to be signed anew is not found. */
export const createCache = () => {
  const entries = new Map<string, Entry>()
  return {
    get: (key: string, at: Instant): Entry | undefined => {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (isToBeSigned(entry.signed, at)) return undefined
      entries.set(key, entry)
      return entry
    },
    set: (key: string, entry: Entry): void => {
      entries.delete(key)
      entries.set(key, entry)
      const [oldest] = entries.keys()
      if (entries.size > kept && oldest !== undefined) entries.delete(oldest)
    },
  }
}

/** Anybody can ask for serials that do not exist, without end: those answers are not kept. */
export const mayBeKept = (answers: readonly OcspAnswer[]): boolean =>
  answers.every(({ status }) => status !== 'unknown')
