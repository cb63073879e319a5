// Whether what the settings name answers: each part is asked once, nothing is written, and no PIN or passphrase is tried.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { databaseOffset } from './clockOffsets.ts'
import type { Config } from './config.ts'
import { openReadModels, openStore, systemClock } from './parts.ts'

export type Connection = Readonly<{ part: string; answers: boolean; words: string }>

const patienceMs = 10_000

const firstStart = 'is made at the first start'

const ledger = async (config: Config): Promise<string> => {
  if (config.ledgerUrl === undefined && !existsSync(join(config.dataDir, 'ledger'))) return firstStart
  const store = await openStore(config, { readOnly: true })
  try {
    for await (const { created } of store.readAll({ direction: 'backwards', limit: 1 }))
      return `answers; its newest event is of ${created.toISOString().slice(0, 19)}Z`
    return 'answers; it is empty'
  } finally {
    await store.close()
  }
}

const database = async (config: Config): Promise<string> => {
  if (config.databaseUrl === undefined) return 'embedded; the service alone opens it'
  const opened = await openReadModels(config, { asItStands: true })
  try {
    const seconds = await databaseOffset({ database: opened, clock: systemClock })
    return `answers; its clock is ${seconds.toFixed(1)} s from ours`
  } finally {
    await opened.close()
  }
}

const queue = async ({ redisUrl, policy }: Config): Promise<string> => {
  if (redisUrl === undefined) return 'in the process'
  const { openJobs } = await import('../jobs/open.ts')
  const jobs = await openJobs([], () => undefined, { redisUrl, log: policy.log })
  await jobs.stop()
  return 'answers'
}

const keys = async ({ tokens, signer, policy }: Config): Promise<string> => {
  if (signer !== undefined) {
    const { openSignerCustody } = await import('../hsm/signer/client.ts')
    const custody = await openSignerCustody({ socket: signer, environment: policy.environment, startMs: 0 })
    try {
      const health = await custody.keysHealth()
      if (health !== true) throw new Error(health)
      return 'the signer process answers'
    } finally {
      await custody.close()
    }
  }
  return tokens === undefined
    ? 'in software'
    : `on tokens of ${tokens.module}; their PINs are tried by \`start\` alone`
}

const cards = async ({ cards: { driver }, signer }: Config): Promise<string> => {
  if (signer !== undefined) return 'of the signer process'
  if (driver !== 'pcsc') return `cards of the driver ${driver}`
  const { openPcscLite } = await import('../hsm/pcsc/pcscLite.ts')
  const readers = await openPcscLite().list()
  if (readers.length === 0) throw new Error('pcscd knows no reader')
  return `${readers.length} readers`
}

const mail = async ({ mail: asked }: Config): Promise<string> => {
  if (asked === undefined) return 'files of the outbox'
  const { openMailer } = await import('../jobs/smtp.ts')
  const mailer = openMailer({ url: asked.smtpUrl, from: asked.from })
  try {
    await mailer.ready()
    return 'answers'
  } finally {
    await mailer.close()
  }
}

/** The name and the code of an error: its message may hold an address with who signs in. */
const whyNot = (error: unknown): string => {
  const { name, code, message } = error as Error & { code?: unknown }
  const more = typeof code === 'string' ? code : message.replace(/\w+:\/\/\S+|\S+@/g, '…')
  return `${name}: ${more}`
}

/** Asks each part, one after the other. */
export const connect = async (config: Config): Promise<readonly Connection[]> => {
  const found: Connection[] = []
  for (const [part, ask] of Object.entries({ ledger, database, queue, keys, cards, mail })) {
    const late = new AbortController()
    const answered = Promise.race([
      ask(config),
      sleep(patienceMs, undefined, { signal: late.signal }).then(() =>
        Promise.reject(new Error('no answer in time')),
      ),
    ])
    found.push(
      await answered
        .then(
          (words) => ({ part, answers: true, words }),
          (error: unknown) => ({ part, answers: false, words: whyNot(error) }),
        )
        .finally(() => late.abort()),
    )
  }
  return found
}
