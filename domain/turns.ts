// Acts on the same thing, one after the other, in the order in which they were asked for.

export type InTurn = <T>(name: string, act: () => Promise<T>) => Promise<T>

/** @returns runs an act once those that were asked for before it under the same name have ended, however they ended */
export const openTurns = (): InTurn => {
  const last = new Map<string, Promise<unknown>>()
  return (name, act) => {
    const turn = (last.get(name) ?? Promise.resolve()).then(act, act)
    last.set(name, turn)
    const forget = (): void => {
      if (last.get(name) === turn) last.delete(name)
    }
    turn.then(forget, forget)
    return turn
  }
}
