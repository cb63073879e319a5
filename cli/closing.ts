// What was opened is closed in the opposite order, also when the opening fails half way.

export type Close = () => Promise<unknown>

/** @throws the first fault, once everything has been closed */
const closeAll = async (closes: readonly Close[]): Promise<void> => {
  const faults: unknown[] = []
  for (const close of closes.toReversed())
    await close().catch((error: unknown) => {
      faults.push(error)
    })
  if (faults.length > 0) throw faults[0]
}

export type Opening = Readonly<{
  /** Notes what closes it. */
  opened: <T extends { close: Close }>(part: T) => T
  onClose: (close: Close) => void
}>

/**
 * Opens what `open` opens.
 * @returns its result, with what closes all of it
 * @throws what kept it from opening; everything that was opened has been closed again
 */
export const openWhole = async <T>(
  open: (opening: Opening) => Promise<T>,
): Promise<T & Readonly<{ close: () => Promise<void> }>> => {
  const closes: Close[] = []
  try {
    const whole = await open({
      opened: (part) => {
        closes.push(part.close)
        return part
      },
      onClose: (close) => void closes.push(close),
    })
    return { ...whole, close: () => closeAll(closes) }
  } catch (error) {
    await closeAll(closes).catch(() => undefined)
    throw error
  }
}
