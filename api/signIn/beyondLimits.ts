// Failed sign-ins beyond the limits: a flood does not flood the ledger, and yet they are in the journal (CGU-114): counted, by
// means and cause and by address, and one event a minute says how many there were. What a process that is killed had counted since its last
// one is lost with it.
import type { FailedSignIns, Journal } from '../journal.ts'
import type { Services } from '../services.ts'
import type { Fault } from './doors.ts'

/** From the first that is counted to when the count is written down. */
const whileMs = 60_000
/** Addresses that are counted each by itself: a flood may come from any number of them. */
const mostAddresses = 100
const otherAddresses = 'other addresses'

type Counted = Readonly<{
  from: string
  /** By means and cause, which are codes: neither has a blank. */
  kinds: Map<string, number>
  addresses: Map<string, number>
}>

export type BeyondLimits = Readonly<{
  /** Counts one. */
  add: (fault: Pick<Fault, 'means' | 'cause'>, address: string) => void
  /** Writes down what has been counted, now; what cannot be written is kept, and tried again. Never throws. */
  tell: () => Promise<void>
  /** The same for the last time: nothing is tried again. */
  close: () => Promise<void>
}>

const oneMore = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const summary = ({ from, kinds, addresses }: Counted): Omit<FailedSignIns, 'to'> => ({
  from,
  failures: [...kinds].map(([kind, count]) => {
    const [means = '', cause = ''] = kind.split(' ')
    return { means, cause, count }
  }),
  addresses: [...addresses].map(([address, count]) => ({ address, count })),
})

/** @param failed is told what kept a count from being written */
export const createBeyondLimits = (
  { now }: Pick<Services, 'now'>,
  journal: Pick<Journal, 'failedSignIns'>,
  failed: (error: unknown) => void,
): BeyondLimits => {
  let counted: Counted | undefined
  /** It may have been written though that failed: it stays what it is until it surely has been. */
  let unsure: (() => Promise<void>) | undefined
  let isClosed = false
  let timer: NodeJS.Timeout | undefined

  const write = async (): Promise<void> => {
    await unsure?.()
    unsure = undefined
    if (counted === undefined) return
    unsure = journal.failedSignIns({ ...summary(counted), to: now() })
    counted = undefined
    await unsure()
    unsure = undefined
  }
  const later = (): void => {
    timer ??= setTimeout(() => void tell(), whileMs).unref()
  }
  let telling = Promise.resolve()
  const tell = (): Promise<void> => {
    clearTimeout(timer)
    timer = undefined
    telling = telling.then(write).catch((error: unknown) => {
      failed(error)
      if (!isClosed) later()
    })
    return telling
  }
  return {
    tell,
    close: () => {
      isClosed = true
      return tell()
    },
    add: ({ means, cause }, address) => {
      counted ??= { from: now(), kinds: new Map(), addresses: new Map() }
      const { kinds, addresses } = counted
      oneMore(kinds, `${means} ${cause}`)
      oneMore(addresses, addresses.has(address) || addresses.size < mostAddresses ? address : otherAddresses)
      later()
    },
  }
}
