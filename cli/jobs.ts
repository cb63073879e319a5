// `grand-livre jobs`: what could not be done, and doing it once more. It runs beside the service and holds nothing of it: letters lie
// beside the queues, or as files of the data directory.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { deadAfter, isDead, type Letter, type LetterStore } from '../jobs/letters.ts'
import { openJobs } from '../jobs/open.ts'
import { openLetterStore } from './around.ts'
import { readConfig, type Config } from './config.ts'
import { ConfigFault } from './configFault.ts'
import { columns, type Output } from './output.ts'
import { NothingThere } from './reading.ts'

/** @throws NothingThere where no start has ever kept any here: a look makes no directory */
const lettersOf = async (config: Config): Promise<LetterStore> => {
  const { dataDir, redisUrl } = config
  if (redisUrl === undefined && !existsSync(join(dataDir, 'jobs')))
    throw new NothingThere(`no service has run in ${dataDir}: set DATA_DIR, or start the service once`)
  return openLetterStore(config)
}

const wholeJob = '(the whole job)'

const table = (letters: readonly Letter[]): string =>
  columns([
    ['JOB', 'ITEM', 'STATE', 'FAILURES', 'SINCE', 'LAST', 'ERROR'],
    ...letters.map((letter) => [
      ...[letter.job, letter.item === '' ? wholeJob : letter.item, isDead(letter) ? 'dead' : 'tried again'],
      ...[String(letter.attempts), letter.firstAt, letter.lastAt, letter.error],
    ]),
  ])

/** Shows every letter. @returns whether none of them is dead @throws NothingThere */
export const listJobs = async (env: NodeJS.ProcessEnv, output: Output): Promise<boolean> => {
  const store = await lettersOf(readConfig(env))
  try {
    const letters = (await store.all()).toSorted((a, b) => (a.firstAt < b.firstAt ? -1 : 1))
    output.result({ deadAfter, letters: letters.map((one) => ({ ...one, dead: isDead(one) })) }, () =>
      letters.length === 0 ? 'Nothing has failed.' : table(letters),
    )
    return !letters.some(isDead)
  } finally {
    await store.close()
  }
}

/** Asks for a run at once, where the jobs are shared; a service that runs its own does it when the job's time comes. */
const hurry = async ({ redisUrl, policy }: Config, job: string): Promise<boolean> => {
  if (redisUrl === undefined) return false
  const jobs = await openJobs([{ name: job, everySeconds: 1, run: async () => undefined }], () => undefined, {
    ...{ redisUrl, log: policy.log, run: false },
  })
  try {
    await jobs.hurry(job)
  } finally {
    await jobs.stop()
  }
  return true
}

/**
 * Removes the letters of a job, or the one about one thing: it is done once more.
 * @throws ConfigFault where there are none; NothingThere
 */
export const retryJobs = async (
  env: NodeJS.ProcessEnv,
  output: Output,
  asked: Readonly<{ job: string; item?: string }>,
): Promise<void> => {
  const config = readConfig(env)
  const store = await lettersOf(config)
  try {
    const chosen = (await store.all()).filter(
      ({ job, item }) => job === asked.job && (asked.item === undefined || item === asked.item),
    )
    if (chosen.length === 0)
      throw new ConfigFault(
        `nothing of ${asked.job} has failed${asked.item === undefined ? '' : ` for ${asked.item}`}`,
      )
    for (const letter of chosen) await store.remove(letter)
    const nudged = await hurry(config, asked.job)
    output.result({ retried: chosen.map(({ job, item }) => ({ job, item })), nudged }, () =>
      [`${chosen.length} to be done once more`, nudged ? 'now' : `when ${asked.job} runs next`].join(' '),
    )
  } finally {
    await store.close()
  }
}
