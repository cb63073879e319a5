// Letters beside the queues, in one hash of Redis: names and ids only.
import { Redis } from 'ioredis'
import type { Letter, LetterStore } from './letters.ts'

const fieldOf = ({ job, item }: Pick<Letter, 'job' | 'item'>): string => `${job} ${item}`

/** @param prefix as that of the queues (jobs/open.ts) */
export const openRedisLetters = ({ url, prefix }: Readonly<{ url: string; prefix: string }>): LetterStore => {
  const client = new Redis(url, { maxRetriesPerRequest: 3 })
  // A connection that is lost comes back by itself.
  client.on('error', () => undefined)
  const key = `${prefix}-letters`
  return {
    all: async () => Object.values(await client.hgetall(key)).map((text) => JSON.parse(text) as Letter),
    put: async (letter) => void (await client.hset(key, fieldOf(letter), JSON.stringify(letter))),
    remove: async (about) => void (await client.hdel(key, fieldOf(about))),
    close: async () => client.disconnect(),
  }
}
