import { deadline } from './deadline.ts'

export type Gate = Readonly<{
  /** Runs `work` when fewer than the limit run. @throws NoAnswer when no place came free in `waitMs` */
  through: <T>(waitMs: number, work: () => Promise<T>) => Promise<T>
  /** Takes a place; give it back by calling what is returned, once. */
  enter: (waitMs: number) => Promise<() => void>
}>

/** At most `limit` at once, the others wait in order. */
export const openGate = (limit: number): Gate => {
  let free = limit
  const waiting: (() => void)[] = []
  const leave = (): void => {
    const next = waiting.shift()
    if (next === undefined) free += 1
    else next()
  }
  const once = (): (() => void) => {
    let left = false
    return () => {
      if (left) return
      left = true
      leave()
    }
  }
  const enter = async (waitMs: number): Promise<() => void> => {
    if (free > 0) {
      free -= 1
      return once()
    }
    let turn: () => void = () => undefined
    const admitted = new Promise<void>((resolve) => {
      turn = resolve
      waiting.push(turn)
    })
    await deadline(waitMs, admitted, () => {
      const place = waiting.indexOf(turn)
      if (place >= 0) waiting.splice(place, 1)
    })
    return once()
  }
  const through = async <T>(waitMs: number, work: () => Promise<T>): Promise<T> => {
    const left = await enter(waitMs)
    try {
      return await work()
    } finally {
      left()
    }
  }
  return { through, enter }
}
