// Whether Redis does for queues what they need: one that is full, or a copy that is only read, answers, and no job runs.
import { Redis } from 'ioredis'
import { JobsFault } from './port.ts'

const connectMs = 5000

/** What Redis refuses by, its code alone: OOM, READONLY, NOAUTH. */
const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && error.name === 'ReplyError' ? /^[A-Z]+(?= )/.exec(error.message)?.[0] : undefined

/** Asks once, by a key that is gone in a moment. @returns true, or why no job can run */
export const lookAtRedis = async (url: string, prefix: string): Promise<true | string> => {
  const timeouts = { connectTimeout: connectMs, commandTimeout: connectMs }
  const client = new Redis(url, { lazyConnect: true, ...timeouts, retryStrategy: () => null })
  let heard: unknown
  client.on('error', (error) => (heard = error))
  try {
    await client.connect()
    await client.set(`${prefix}-look`, '', 'PX', connectMs)
    return true
  } catch (error) {
    const code = codeOf(error) ?? codeOf(heard)
    return code === undefined ? 'Redis gives no answer' : `Redis takes nothing: ${code}`
  } finally {
    client.disconnect()
  }
}

/** BullMQ waits for ever where nobody answers. @throws JobsFault */
export const requireRedis = async (url: string, prefix: string): Promise<void> => {
  const seen = await lookAtRedis(url, prefix)
  if (seen !== true) throw new JobsFault(`REDIS_URL: ${seen}`)
}
