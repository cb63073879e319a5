// A worker that begins a run, says so, and does not come to its end. It asks for the run itself where it is told to.
import { startQueuedJobs } from '../../jobs/queued.ts'

const [url = '', prefix = '', asks] = process.argv.slice(2)
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
if (asks !== undefined) jobs.nudge('work')
