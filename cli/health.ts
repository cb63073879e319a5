// What the parts say of themselves for `/readyz`: true, or in a word why not. None of them is waited for for long.
import { inTime, shortPatienceMs } from '../api/probes.ts'

type State = true | string
export type Looks = Readonly<Record<string, () => Promise<State>>>

/** @param otherwise what is said where looking at it fails, or does not come to an end */
export const stateOf = (look: () => Promise<unknown>, otherwise: string): Promise<State> =>
  inTime<State>(async () => {
    await look()
    return true
  }, otherwise)

/** @param ms how long each is waited for, beside the others */
const lookAtAll = async <N extends string>(
  looks: Readonly<Record<N, () => Promise<State>>>,
  otherwise: string,
  ms?: number,
): Promise<Readonly<Record<N, State>>> => {
  const found = Object.entries<() => Promise<State>>(looks).map(
    async ([part, look]) => [part, await inTime(look, otherwise, ms)] as const,
  )
  return Object.fromEntries(await Promise.all(found)) as Record<N, State>
}

/** Looks at all of them at once. @param looks of what they say themselves; one that says nothing in time is out of reach */
export const statesOf = (looks: Looks): Promise<Readonly<Record<string, State>>> =>
  lookAtAll(looks, 'out of reach')

/** Alarms, of which none hides another: what fails, or says nothing in time, cannot be looked at, and that is an alarm too. */
export const alarmsOf = <N extends string>(
  looks: Readonly<Record<N, () => Promise<State>>>,
): Promise<Readonly<Record<N, State>>> => lookAtAll(looks, 'cannot be looked at', shortPatienceMs)

/** Jobs that have failed and not succeeded since, each as a part that does not work. */
export const jobStates = (faults: ReadonlyMap<string, Error>): Readonly<Record<string, string>> =>
  Object.fromEntries([...faults].map(([job, { name }]) => [`job ${job}`, name]))

type Model = Readonly<{ name: string; state: string }>

/** The read models that cannot go on, by their names. */
export const failedModels = (models: readonly Model[] = []): readonly string[] =>
  models.filter(({ state }) => state === 'failed').map(({ name }) => name)

/** Whether the status table is as near to the ledger as an answer may be; else which read models cannot go on. */
export const readModelsState = (isNear: boolean, failed: readonly string[]): State => {
  if (isNear) return true
  return failed.length === 0 ? 'behind the ledger' : `behind the ledger; cannot go on: ${failed.join(', ')}`
}
