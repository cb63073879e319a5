// The commands about jobs, as the command line knows them; what they do is loaded when they are asked for.
import type { Command, OptionValues } from 'commander'
import type { ListTools } from './listTools.ts'

/** Lists `jobs`. */
export const listJobsCommands = (program: Command, { env, command, outputOf, found }: ListTools): void => {
  const jobs = program.command('jobs').description('what the jobs could not do')
  command(jobs, 'list', 'what has failed, and which of it nobody tries any more').action(
    async (options: OptionValues) => {
      const { listJobs } = await import('./jobs.ts')
      if (!(await listJobs(env, outputOf(options)))) found()
    },
  )
  command(jobs, 'retry <job> [item]', 'try it once more: one thing, or all that a job has set aside').action(
    async (job: string, item: string | undefined, options: OptionValues) => {
      const { retryJobs } = await import('./jobs.ts')
      await retryJobs(env, outputOf(options), { job, ...(item === undefined ? {} : { item }) })
    },
  )
}
