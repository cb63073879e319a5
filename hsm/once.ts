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

/** What has been made once stands under its name; what could not be made is made anew for whoever asks next. */
export type Kept<T> = Readonly<{
  of: (name: string, make: () => Promise<T>) => Promise<T>
  forget: (name: string) => void
}>

export const openKept = <T>(): Kept<T> => {
  const made = new Map<string, Promise<T>>()
  return {
    of: (name, make) => {
      const present = made.get(name)
      if (present !== undefined) return present
      const next = make()
      made.set(name, next)
      next.catch(() => {
        // Somebody may have had it forgotten, and made anew, meanwhile.
        if (made.get(name) === next) made.delete(name)
      })
      return next
    },
    forget: (name) => void made.delete(name),
  }
}
