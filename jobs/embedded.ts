// Jobs of the embedded profile: in this process, nothing stored.
import { inOrder, pauseAfter, pausesOf, type Job, type Jobs, type OnFault } from './port.ts'

type Track = {
  running: Promise<void> | undefined
  again: boolean
  timer: NodeJS.Timeout | undefined
  /** Failed runs in a row. */
  failures: number
}

/**
 * Starts the jobs.
 * @param onFault is told of each failed run; the job runs again after a pause that grows
 */
export const startJobs = (jobs: readonly Job[], onFault: OnFault): Jobs => {
  const tracks = new Map<string, Track>()
  const faults = new Map<string, Error>()
  let stopped = false

  const trackOf = (name: string): readonly [Job, Track] => {
    const job = jobs.find((candidate) => candidate.name === name)
    if (job === undefined) throw new Error(`there is no job ${name}`)
    const track = tracks.get(name) ?? { running: undefined, again: false, timer: undefined, failures: 0 }
    tracks.set(name, track)
    return [job, track]
  }

  const schedule = (job: Job, track: Track, seconds: number): void => {
    clearTimeout(track.timer)
    if (stopped) return
    track.timer = setTimeout(() => begin(job, track), seconds * 1000)
    track.timer.unref()
  }

  const once = async (job: Job, track: Track): Promise<void> => {
    try {
      await job.run(inOrder, () => {
        track.again = true
      })
      track.failures = 0
      faults.delete(job.name)
    } catch (error) {
      track.failures += 1
      faults.set(job.name, error as Error)
      throw error
    }
  }

  /** One run at a time; a nudge that comes during a run asks for one more. */
  const start = (job: Job, track: Track): Promise<void> => {
    const running = once(job, track).finally(() => {
      track.running = undefined
      const again = track.again
      track.again = false
      if (track.failures > 0) schedule(job, track, pauseAfter(track.failures, pausesOf(job), Math.random()))
      else if (again && !stopped) begin(job, track)
      else schedule(job, track, job.everySeconds)
    })
    track.running = running
    return running
  }

  const begin = (job: Job, track: Track): void => {
    if (stopped) return
    if (track.running !== undefined) track.again = true
    else start(job, track).catch((error: unknown) => onFault(job.name, error as Error))
  }

  const nudge = (name: string): void => {
    const [job, track] = trackOf(name)
    if (track.running !== undefined || track.failures === 0) begin(job, track)
  }

  for (const job of jobs) schedule(job, trackOf(job.name)[1], job.everySeconds)

  return {
    nudge,
    hurry: async (name) => begin(...trackOf(name)),
    runNow: async (name) => {
      const [job, track] = trackOf(name)
      while (track.running !== undefined) await track.running.catch(() => undefined)
      await start(job, track)
    },
    faults: () => faults,
    counts: async () =>
      [...tracks].flatMap(([queue, { running, again }]) => [
        { queue, state: 'waiting', count: again ? 1 : 0 },
        { queue, state: 'active', count: running === undefined ? 0 : 1 },
        { queue, state: 'failed', count: faults.has(queue) ? 1 : 0 },
      ]),
    health: async () => true,
    stop: async () => {
      stopped = true
      for (const { timer } of tracks.values()) clearTimeout(timer)
      for (const { running } of tracks.values()) await running?.catch(() => undefined)
    },
  }
}
