// A process that reads where a case stands and goes on from there runs once at a time for each case.

/** The same act, where a call for a key waits for the call before it with the same key; a fault of one is not the next one's. */
export const oneAtATime = <A extends readonly unknown[], R>(
  act: (key: string, ...rest: A) => Promise<R>,
): ((key: string, ...rest: A) => Promise<R>) => {
  const last = new Map<string, Promise<unknown>>()
  return async (key, ...rest) => {
    const before = last.get(key)
    const turn = (async () => {
      await before?.catch(() => undefined)
      return await act(key, ...rest)
    })()
    last.set(key, turn)
    try {
      return await turn
    } finally {
      if (last.get(key) === turn) last.delete(key)
    }
  }
}
