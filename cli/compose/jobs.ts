// Every job of an installation, and what a stop has left that a process goes on with.
import type { Documents } from '../../commands/documents.ts'
import { keysOfLostKeks, recordKek } from '../../commands/escrowKeks.ts'
import type { Service } from '../../commands/program.ts'
import { careForCards, closeLateSessions } from '../../jobs/cards.ts'
import { careJobs } from '../../jobs/care.ts'
import { rootRhythm } from '../../jobs/crls.ts'
import { destructionsJob } from '../../jobs/destructions.ts'
import { revokeAll } from '../../jobs/endOfLife.ts'
import { openEscrowStock } from '../../jobs/escrowStock.ts'
import type { Each, Job } from '../../jobs/port.ts'
import { resumeAll, type CarryOn } from '../../jobs/resume.ts'
import { noticeJobs } from '../../jobs/sendNotices.ts'
import { cardsToRevoke, lateSessions } from '../../readmodels/cards.ts'
import { findIntents } from '../../readmodels/intents.ts'
import { collectableRecoveries } from '../../readmodels/recoveries.ts'
import { heldAmong as heldIn } from '../../readmodels/retention.ts'
import type { Around } from '../around.ts'
import type { Custody } from '../parts.ts'
import type { Acts } from './acts.ts'

/** CGU-41: the KEK of the year is in the ledger before keys are put under it. */
export const recordCurrentKek = async (service: Service, { vault }: Custody): Promise<void> => {
  await recordKek(service, await vault.escrow.currentKek())
}

/** Goes on with what a stop has interrupted. */
export const goOn = async (
  { common, standing, settledRows, issuance, renewals }: Acts,
  how: Readonly<{ carrying: CarryOn; each: Each }>,
): Promise<void> => {
  const { custody, db, now, turns } = common
  const tools = {
    ...{ ...issuance, inTurn: turns.inTurn, deliveries: custody.vault.deliveries },
    collectable: (since: string) => settledRows((rows) => collectableRecoveries(rows, since)),
  }
  await standing.settled()
  await closeLateSessions(tools, await lateSessions(db), how.each)
  const intentsNow = async () => {
    await standing.settled()
    return findIntents(db)
  }
  await resumeAll(tools, intentsNow, how)
  await careForCards(tools, await cardsToRevoke(db, now()), how.each)
  await renewals.settleAll(how.each)
}

/**
 * The jobs of the stock of holders' keys, and its alarm.
 * @param quietFor milliseconds since a session last asked for a key
 */
export const stockOf = ({ common }: Acts, quietFor: () => number) => {
  const { config, custody, service } = common
  return openEscrowStock({
    ...{ service, escrow: custody.vault.escrow, count: config.escrowStock, quietFor },
    recordKek: () => recordCurrentKek(service, custody),
    lost: () => keysOfLostKeks(custody.vault.escrow, (kek) => custody.keys.escrowKekById(kek)),
  })
}

export type JobParts = Readonly<{
  documents: Documents
  around: Around
  /** Of the OCSP responder. */
  responder: readonly Job[]
  /** Of the stock of holders' keys. */
  stock: readonly Job[]
  /** Which sessions the job carries on that were cut off. */
  carrying: CarryOn
}>

export const jobsOf = (
  acts: Acts,
  { documents, around, responder, stock, carrying }: JobParts,
): readonly Job[] => {
  const { common, chain, standing, settledRows, ending, crls } = acts
  const { config, custody, db, service, turns, measure } = common
  const { policy } = config
  const { vault } = custody
  const { inTurn } = turns
  const { settled } = standing
  const heldAmong = (units: readonly string[]) => settledRows((rows) => heldIn(rows, units))
  const due: readonly Job[] = [
    {
      ...{ name: 'publishCrl', everySeconds: 60, urgent: true },
      run: (_, again) => crls.publish(chain.ca, policy.crl, again),
    },
    {
      ...{ name: 'publishRootCrl', everySeconds: 3600 },
      run: (_, again) => crls.publish(chain.rootCa, rootRhythm(policy), again),
    },
    { name: 'resume', everySeconds: 60, run: (each) => goOn(acts, { carrying, each }) },
    ...careJobs({ service, db, inTurn }),
    ...noticeJobs({ service, db, issuer: chain.ca.id, ...around.mail, settled }),
    { name: 'endOfLife', everySeconds: 60, run: () => revokeAll(ending) },
    ...responder,
    ...around.jobs(service, db),
    destructionsJob({ ...{ service, ...vault, db, inTurn, settled, heldAmong }, keep: documents.put }),
    ...stock,
  ]
  return due.map((job) => measure.job(around.watched(job)))
}
