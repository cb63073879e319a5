// A worker that begins a run, says so, and does not come to its end.
import { startQueuedJobs } from '../../jobs/queued.ts'

const [url = '', prefix = ''] = process.argv.slice(2)
const run = (): Promise<void> => {
  process.send?.('begun')
  return new Promise(() => undefined)
}
const jobs = await startQueuedJobs(
  [{ name: 'work', everySeconds: 86_400, urgent: true, run }],
  () => undefined,
  {
    url,
    prefix,
  },
)
jobs.nudge('work')
