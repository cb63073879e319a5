// Every job of an installation, and what a stop has left that a process goes on with.
import type { Documents } from '../../commands/documents.ts'
import { recordKek } from '../../commands/escrowKeks.ts'
import type { Service } from '../../commands/program.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { careForCards, closeLateSessions } from '../../jobs/cards.ts'
import { careJobs } from '../../jobs/care.ts'
import { destructionsJob } from '../../jobs/destructions.ts'
import { revokeAll } from '../../jobs/endOfLife.ts'
import { openEscrowStock } from '../../jobs/escrowStock.ts'
import type { Outbox } from '../../jobs/outbox.ts'
import type { Job } from '../../jobs/port.ts'
import { resumeAll, type CarryOn } from '../../jobs/resume.ts'
import { noticesJob } from '../../jobs/sendNotices.ts'
import { cardsToRevoke, lateSessions } from '../../readmodels/cards.ts'
import { findIntents } from '../../readmodels/intents.ts'
import type { Custody } from '../parts.ts'
import type { Acts } from './acts.ts'

/** CGU-41: the KEK of the year is in the ledger before keys are put under it. */
export const recordCurrentKek = async (service: Service, { vault }: Custody): Promise<void> => {
  await recordKek(service, await vault.escrow.currentKek())
}

/** Goes on with what a stop has interrupted. */
export const goOn = async (
  { common, standing, issuance, renewals }: Acts,
  how: Readonly<{ carrying: CarryOn; isStart: boolean }>,
): Promise<void> => {
  const { custody, db, now, turns } = common
  const tools = { ...issuance, deliveries: custody.vault.deliveries, inTurn: turns.inTurn }
  await standing.settled()
  await closeLateSessions(tools, await lateSessions(db))
  const intentsNow = async () => {
    await standing.settled()
    return findIntents(db)
  }
  await resumeAll(tools, intentsNow, how)
  await careForCards(tools, await cardsToRevoke(db, now()))
  await renewals.settleAll()
}

const rootRhythm = ({ crl }: Policy) => ({
  everyHours: crl.rootEveryDays * 24,
  validityHours: crl.rootValidityDays * 24,
})

/**
 * The jobs of the stock of holders' keys, and its alarm.
 * @param quietFor milliseconds since a session last asked for a key
 */
export const stockOf = ({ common }: Acts, quietFor: () => number) => {
  const { config, custody, service } = common
  return openEscrowStock({
    ...{ service, escrow: custody.vault.escrow, count: config.escrowStock, quietFor },
    recordKek: () => recordCurrentKek(service, custody),
  })
}

export type JobParts = Readonly<{
  documents: Documents
  outbox: Outbox
  /** Of the OCSP responder. */
  responder: readonly Job[]
  /** Of the stock of holders' keys. */
  stock: readonly Job[]
  /** Which sessions the job carries on that were cut off. */
  carrying: CarryOn
}>

export const jobsOf = (
  acts: Acts,
  { documents, outbox, responder, stock, carrying }: JobParts,
): readonly Job[] => {
  const { common, chain, standing, ending, crls } = acts
  const { config, custody, db, service, turns } = common
  const { policy } = config
  const { vault } = custody
  const { inTurn } = turns
  const { settled } = standing
  return [
    { name: 'publishCrl', everySeconds: 60, run: () => crls.publish(chain.ca, policy.crl) },
    { name: 'publishRootCrl', everySeconds: 3600, run: () => crls.publish(chain.rootCa, rootRhythm(policy)) },
    { name: 'resume', everySeconds: 60, run: () => goOn(acts, { carrying, isStart: false }) },
    ...careJobs({ service, db, inTurn }),
    noticesJob({ service, db, issuer: chain.ca.id, outbox, settled }),
    { name: 'endOfLife', everySeconds: 60, run: () => revokeAll(ending) },
    ...responder,
    destructionsJob({ ...{ service, ...vault, db, inTurn, settled }, keep: documents.put }),
    ...stock,
  ]
}
