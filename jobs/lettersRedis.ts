// Letters beside the queues, in one hash of Redis: names and ids only.
import { Redis } from 'ioredis'
import type { Letter, LetterStore } from './letters.ts'
import { JobsFault } from './port.ts'

const fieldOf = ({ job, item }: Pick<Letter, 'job' | 'item'>): string => `${job} ${item}`

/** @throws JobsFault where nobody answers: no thing of a job is to blame for that */
const asked = async <T>(answer: Promise<T>): Promise<T> => {
  try {
    return await answer
  } catch (cause) {
    throw new JobsFault('REDIS_URL: Redis gives no answer', { cause })
  }
}

/** @param prefix as that of the queues (jobs/open.ts) */
export const openRedisLetters = ({ url, prefix }: Readonly<{ url: string; prefix: string }>): LetterStore => {
  const client = new Redis(url, { maxRetriesPerRequest: 3 })
  // A connection that is lost comes back by itself.
  client.on('error', () => undefined)
  const key = `${prefix}-letters`
  return {
    all: async () =>
      Object.values(await asked(client.hgetall(key))).map((text) => JSON.parse(text) as Letter),
    put: async (letter) => void (await asked(client.hset(key, fieldOf(letter), JSON.stringify(letter)))),
    remove: async (about) => void (await asked(client.hdel(key, fieldOf(about)))),
    close: async () => client.disconnect(),
  }
}
