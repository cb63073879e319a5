// What the parts say of themselves for `/readyz`: true, or in a word why not. None of them is waited for for long.
import { inTime } from '../api/probes.ts'

type State = true | string

/** @param otherwise what is said where looking at it fails, or does not come to an end */
export const stateOf = (look: () => Promise<unknown>, otherwise: string): Promise<State> =>
  inTime<State>(async () => {
    await look()
    return true
  }, otherwise)

/** Looks at all of them at once. @param looks of what they say themselves; one that says nothing in time is out of reach */
export const statesOf = async (
  looks: Readonly<Record<string, () => Promise<State>>>,
): Promise<Readonly<Record<string, State>>> => {
  const found = Object.entries(looks).map(
    async ([part, look]) => [part, await inTime(look, 'out of reach')] as const,
  )
  return Object.fromEntries(await Promise.all(found))
}

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
