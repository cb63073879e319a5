// Reads ahead of its consumer, so that a batch holds whatever is ready when the last one is done.
import type { Entry } from '../ledger/ledger.ts'

export type Batch = Readonly<{
  entries: readonly Entry[]
  /** Every entry that stood in the ledger when the source was opened has now been taken. */
  caughtUp: boolean
  /** The source has no more; its last entries are in this batch. */
  ended: boolean
}>

export type Intake = Readonly<{
  /** Waits for an entry, and takes what is there. @throws whatever the source threw, after its entries */
  take: () => Promise<Batch>
  /** When the oldest entry was recorded that has been read but not been replaced by another `take`. */
  oldestAt: () => string | undefined
  /** The source is read no further. */
  close: () => void
}>

/** @param size entries of a batch at most; twice as many are read ahead */
export const createIntake = (source: AsyncIterable<Entry | 'caughtUp'>, size: number): Intake => {
  const queue: (Entry | 'caughtUp')[] = []
  let taken: Entry | undefined
  let ended = false
  let closed = false
  let fault: { error: unknown } | undefined
  let wake: () => void = () => undefined
  const changed = (): Promise<void> =>
    new Promise((resolve) => {
      const others = wake
      wake = () => {
        others()
        resolve()
      }
    })
  const notify = (): void => {
    const waiting = wake
    wake = () => undefined
    waiting()
  }

  const pump = async (): Promise<void> => {
    for await (const item of source) {
      if (isClosed()) return
      queue.push(item)
      notify()
      while (queue.length >= 2 * size && !isClosed()) await changed()
    }
  }
  const isClosed = (): boolean => closed
  void pump()
    .catch((error: unknown) => {
      fault = { error }
    })
    .finally(() => {
      ended = true
      notify()
    })

  const take = async (): Promise<Batch> => {
    taken = undefined
    while (queue.length === 0 && !ended) await changed()
    const items = queue.splice(0, size)
    notify()
    if (items.length === 0 && fault !== undefined) throw fault.error
    const entries = items.filter((item) => item !== 'caughtUp')
    taken = entries[0]
    return {
      entries,
      caughtUp: items.length > entries.length,
      ended: ended && fault === undefined && queue.length === 0,
    }
  }

  return {
    take,
    oldestAt: () => (taken ?? queue.find((item) => item !== 'caughtUp'))?.body.at,
    close: () => {
      closed = true
      notify()
    },
  }
}
