// What stands around the jobs of an installation: where notices leave, and where lies what could not be done.
import { join } from 'node:path'
import type { Service } from '../commands/program.ts'
import type { Instant } from '../domain/kernel.ts'
import { addHours } from '../domain/policy/dates.ts'
import { complianceJob } from '../jobs/complianceReports.ts'
import { deadAlarm, openLetters, type LetterStore } from '../jobs/letters.ts'
import { openSharedLetters } from '../jobs/open.ts'
import type { Job, OnFault } from '../jobs/port.ts'
import type { RevocationDelay } from '../jobs/revocationDelay.ts'
import { openScans, type Scans } from '../jobs/scans.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { countUnsent } from '../readmodels/notices.ts'
import { openSince } from '../readmodels/revocations.ts'
import { makeReport } from './complianceFiles.ts'
import type { Config } from './config.ts'
import { alarmsOf, type Looks } from './health.ts'
import { openLetterFiles } from './letterFiles.ts'
import { openMail } from './mail.ts'

/** Beside the queues, or as files where the jobs are shared with nobody. */
export const openLetterStore = async ({ dataDir, redisUrl, policy }: Config): Promise<LetterStore> =>
  redisUrl === undefined ? openLetterFiles(join(dataDir, 'jobs')) : openSharedLetters(redisUrl, policy.log)

type Seen = Readonly<{ db: OpenDatabase['db']; now: Instant; delay: RevocationDelay }>

/** What whoever reads the read models sees to be late. */
export const looksAtDelays = ({ policy }: Config, { db, now, delay }: Seen): Looks => ({
  'revocation delay': async () => {
    const late = await openSince(db, addHours(now, -policy.revocation.hours))
    return late === 0 ? true : `${late} past its time`
  },
  'revocation publication': delay.alarm,
  notices: async () => {
    const { undelivered } = await countUnsent(db)
    return undelivered === 0 ? true : `${undelivered} have reached nobody`
  },
})

export type Around = Awaited<ReturnType<typeof openAround>>

export const openAround = async (config: Config, onFault: OnFault) => {
  const { close: closeMail, ...mail } = await openMail(config)
  const store = await openLetterStore(config)
  let scans: Scans | undefined
  const letters = openLetters({ store, now: Date.now, onFault })
  return {
    mail,
    /** Scans, and the report of each month. */
    jobs: (service: Service, db: OpenDatabase['db']): readonly Job[] => {
      scans = openScans({ service, db })
      const { ledger, policy } = service
      const make = makeReport({ ledger, policy, directory: join(config.dataDir, 'reports') })
      return [...scans.jobs, complianceJob({ service, make })]
    },
    watched: letters.watched,
    alarms: (seen: Seen) =>
      alarmsOf<string>({
        ...looksAtDelays(config, seen),
        'dead letters': async () => deadAlarm(await letters.dead()),
        ...scans?.alarms,
      }),
    close: async (): Promise<void> => {
      await closeMail()
      await store.close()
    },
  }
}
