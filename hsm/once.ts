/**
 * Whoever asks for the same thing while it is being made waits for that one.
 * @returns a function that runs `make`, or joins the run under way for the same name
 */
export const once = (): (<T>(name: string, make: () => Promise<T>) => Promise<T>) => {
  const running = new Map<string, Promise<unknown>>()
  return <T>(name: string, make: () => Promise<T>): Promise<T> => {
    const present = running.get(name)
    if (present !== undefined) return present as Promise<T>
    const made = make().finally(() => running.delete(name))
    running.set(name, made)
    return made
  }
}
