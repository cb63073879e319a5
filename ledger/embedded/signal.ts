/** Tells those who wait that something has been committed. */
export type Signal = Readonly<{
  fire: () => void
  /** Resolves at the next `fire` after the call. */
  next: () => Promise<void>
}>

export const openSignal = (): Signal => {
  let wake: () => void = () => undefined
  let waiting: Promise<void> | undefined
  return {
    fire: () => {
      waiting = undefined
      wake()
    },
    next: () => (waiting ??= new Promise<void>((resolve) => (wake = resolve))),
  }
}
