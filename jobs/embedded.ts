// Jobs of the embedded profile: in this process, nothing stored.
import { retrySeconds, type Job, type Jobs, type OnFault } from './port.ts'

type Track = { running: Promise<void> | undefined; again: boolean; timer: NodeJS.Timeout | undefined }

/**
 * Starts the jobs.
 * @param onFault is told of each failed run; the job runs again after a few seconds
 */
export const startJobs = (jobs: readonly Job[], onFault: OnFault): Jobs => {
  const tracks = new Map<string, Track>()
  const faults = new Map<string, Error>()
  let stopped = false

  const trackOf = (name: string): readonly [Job, Track] => {
    const job = jobs.find((candidate) => candidate.name === name)
    if (job === undefined) throw new Error(`there is no job ${name}`)
    const track = tracks.get(name) ?? { running: undefined, again: false, timer: undefined }
    tracks.set(name, track)
    return [job, track]
  }

  const schedule = (job: Job, track: Track, seconds: number): void => {
    clearTimeout(track.timer)
    if (stopped) return
    track.timer = setTimeout(() => nudge(job.name), seconds * 1000)
    track.timer.unref()
  }

  const once = async (job: Job): Promise<void> => {
    try {
      await job.run()
      faults.delete(job.name)
    } catch (error) {
      faults.set(job.name, error as Error)
      throw error
    }
  }

  /** One run at a time; a nudge that comes during a run asks for one more. */
  const start = (job: Job, track: Track): Promise<void> => {
    const running = once(job).finally(() => {
      track.running = undefined
      const again = track.again
      track.again = false
      if (again && !stopped) nudge(job.name)
      else schedule(job, track, faults.has(job.name) ? retrySeconds : job.everySeconds)
    })
    track.running = running
    return running
  }

  const nudge = (name: string): void => {
    const [job, track] = trackOf(name)
    if (stopped) return
    if (track.running !== undefined) track.again = true
    else start(job, track).catch((error: unknown) => onFault(name, error as Error))
  }

  for (const job of jobs) schedule(job, trackOf(job.name)[1], job.everySeconds)

  return {
    nudge,
    runNow: async (name) => {
      const [job, track] = trackOf(name)
      while (track.running !== undefined) await track.running.catch(() => undefined)
      await start(job, track)
    },
    faults: () => faults,
    stop: async () => {
      stopped = true
      for (const { timer } of tracks.values()) clearTimeout(timer)
      for (const { running } of tracks.values()) await running?.catch(() => undefined)
    },
  }
}
