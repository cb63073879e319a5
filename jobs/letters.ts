// What could not be done. Of a job that goes through many things, the one that fails is set aside with a pause of its own, and
// the others go on; what has failed too often is a dead letter, which nobody tries any more until somebody says so. A job that
// fails as a whole is tried for ever by its own timer, because what is due is still due; it too is a dead letter then, so that
// somebody looks. Letters are of ids and names of errors alone. Lost, they cost one more attempt.
import { leewaySeconds } from '../domain/policy/dates.ts'
import { surroundingsAtFault } from '../readmodels/surroundings.ts'
import { pauseAfter, type Each, type Job, type OnFault } from './port.ts'

export type Letter = Readonly<{
  job: string
  /** Id of what failed; empty: the job as a whole. */
  item: string
  /** The name of the last error. */
  error: string
  attempts: number
  firstAt: string
  lastAt: string
}>

export type LetterStore = Readonly<{
  all: () => Promise<readonly Letter[]>
  /** Puts a letter in the place of the one about the same. */
  put: (letter: Letter) => Promise<void>
  remove: (about: Pick<Letter, 'job' | 'item'>) => Promise<void>
  close: () => Promise<void>
}>

export type Letters = Readonly<{
  /** The job, whose runs and things are watched. */
  watched: (job: Job) => Job
  dead: () => Promise<readonly Letter[]>
}>

/** Failures in a row, after which a letter is dead. */
export const deadAfter = 8

export const isDead = ({ attempts }: Letter): boolean => attempts >= deadAfter

/** After its second failure; the first is tried again at the next run. */
const pauses = { first: 10, longest: 3600 } as const

/** One whose last failure was dated by a clock that was ahead, and was put back since, does not wait until that time has come. */
const isPausing = ({ attempts, lastAt }: Letter, at: number): boolean => {
  const since = at - Date.parse(lastAt)
  return attempts > 1 && since >= -leewaySeconds * 1000 && since < pauseAfter(attempts - 1, pauses, 0) * 1000
}

/** Whoever meets one of these is not to blame: the run ends, and nothing is set aside for it. */
const ofSurroundings = new Set(['LedgerFault', 'KeyFault', 'ModuleFault', 'MailFault', 'JobsFault'])

const isOfSurroundings = (error: unknown): boolean =>
  ofSurroundings.has(nameOf(error)) || surroundingsAtFault(error) !== undefined

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error')

/** The letter after one more failure. */
const after = (
  before: Letter | undefined,
  failed: Pick<Letter, 'job' | 'item' | 'error'>,
  at: string,
): Letter => ({
  ...failed,
  ...{ attempts: (before?.attempts ?? 0) + 1, firstAt: before?.firstAt ?? at, lastAt: at },
})

type Tools = Readonly<{
  store: LetterStore
  /** Milliseconds since 1970. */
  now: () => number
  /** Told of each thing that failed; a job that failed as a whole tells by itself. */
  onFault: OnFault
}>

/** One run of a job: what is known about its things, and what has been looked at. */
const openRun = async ({ store, now, onFault }: Tools, job: string) => {
  const own = (await store.all()).filter((letter) => letter.job === job)
  const known = new Map(own.map((letter) => [letter.item, letter]))
  const seen = new Set<string>([''])
  const attempt = async (item: string, act: (item: string) => Promise<void>): Promise<void> => {
    const before = known.get(item)
    if (before !== undefined && (isDead(before) || isPausing(before, now()))) return
    try {
      await act(item)
      if (before !== undefined) await store.remove(before)
    } catch (error) {
      if (isOfSurroundings(error)) throw error
      onFault(job, error as Error)
      await store.put(after(before, { job, item, error: nameOf(error) }, new Date(now()).toISOString()))
    }
  }
  const each: Each = async (items, act) => {
    for (const item of items) {
      seen.add(item)
      await attempt(item, act)
    }
  }
  return {
    each,
    /** Nothing else failed: what is not due any more needs no letter. */
    succeeded: async (): Promise<void> => {
      for (const letter of own) if (letter.item === '' || !seen.has(letter.item)) await store.remove(letter)
    },
    failed: async (error: unknown): Promise<void> =>
      store.put(after(known.get(''), { job, item: '', error: nameOf(error) }, new Date(now()).toISOString())),
  }
}

/** Keeps letters in a store that several processes may share. */
export const openLetters = (tools: Tools): Letters => ({
  watched: (job) => ({
    ...job,
    run: async (_, again) => {
      const run = await openRun(tools, job.name)
      try {
        await job.run(run.each, again)
      } catch (error) {
        await run.failed(error)
        throw error
      }
      await run.succeeded()
    },
  }),
  dead: async () => (await tools.store.all()).filter(isDead),
})

/** Dead letters as an alarm shows them: of which jobs, and how many. */
export const deadAlarm = (dead: readonly Letter[]): true | string =>
  dead.length === 0 ? true : `${dead.length} of ${[...new Set(dead.map(({ job }) => job))].sort().join(', ')}`
