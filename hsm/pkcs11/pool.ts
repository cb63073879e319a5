// Sessions of a token: each does one thing at a time, and whoever wants the token for itself waits until none is at work. To close a
// module while an operation runs ends the process (hsm.md 7).
import { ModuleFault } from './fault.ts'

export type Pool<S> = Readonly<{
  /** Runs `use` with a session that is free, in the order in which they were asked for. @throws ModuleFault where there is none */
  with: <T>(use: (session: S) => Promise<T>) => Promise<T>
  /** Runs `use` while no session is at work; it answers the sessions that there are from then on. */
  alone: (use: () => Promise<readonly S[]>) => Promise<void>
}>

type Waiting<S> = Readonly<{ alone: boolean; start: (session: S | undefined) => void }>

/** A pool that has no sessions yet. */
export const openPool = <S>(): Pool<S> => {
  let free: S[] = []
  let [size, busy, isClosed] = [0, 0, false]
  const queue: Waiting<S>[] = []

  const mustWait = ({ alone }: Waiting<S>): boolean => (alone ? busy > 0 : free.length === 0 && size > 0)

  const next = (): void => {
    for (;;) {
      const [first] = queue
      if (first === undefined || isClosed || mustWait(first)) return
      queue.shift()
      if (first.alone) isClosed = true
      else busy += 1
      first.start(first.alone ? undefined : free.pop())
    }
  }
  const wait = (alone: boolean): Promise<S | undefined> =>
    new Promise((start) => {
      // Who wants it alone goes before those who wait for a session: there may be none that works.
      if (alone) queue.unshift({ alone, start })
      else queue.push({ alone, start })
      next()
    })

  return {
    with: async (use) => {
      const session = await wait(false)
      const round = free
      try {
        if (session === undefined) throw new ModuleFault('device', 'the token is not open')
        return await use(session)
      } finally {
        busy -= 1
        if (session !== undefined && round === free) free.push(session)
        next()
      }
    },
    alone: async (use) => {
      await wait(true)
      // What was there is no more, whether others come or not.
      free = []
      size = 0
      try {
        free = [...(await use())]
        size = free.length
      } finally {
        isClosed = false
        next()
      }
    },
  }
}
