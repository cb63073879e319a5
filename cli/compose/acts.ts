// What commands and jobs act with, over the authorities' keys and the read models: the same for the process that answers people and for
// the one that does what has become due.
import type { Chain } from '../../commands/ceremony.ts'
import { program } from '../../commands/actors.ts'
import { openCrls, type Crls } from '../../jobs/crls.ts'
import { toldByNotices, type EndOfLifeTools } from '../../jobs/endOfLife.ts'
import { openRevocationDelay, type RevocationDelay } from '../../jobs/revocationDelay.ts'
import { openRenewals, type Renewals } from '../../jobs/renewals.ts'
import type { Issuance } from '../../commands/issueCertificate.ts'
import { readModels } from '../../projections/readModels.ts'
import { certificateStatus } from '../../projections/certificateStatus.ts'
import type { Standing } from '../../projections/standing.ts'
import { steadily, upTo, upToNow } from '../../projections/steadily.ts'
import type { SettledRows, StatusRows } from '../../readmodels/wholeRows.ts'
import { openTrust } from '../trust.ts'
import type { Common } from './common.ts'

export type Acts = Readonly<{
  common: Common
  chain: Chain
  standing: Standing
  settledRows: SettledRows
  issuance: Issuance
  ending: EndOfLifeTools
  crls: Crls
  /** How long revocations take to be seen (CGU-76). */
  delay: RevocationDelay
  renewals: Renewals
}>

/** So long, in milliseconds, a list waits for read models: what they are missing then is on the next one. */
const longestForList = 4000

export const actsOf = (common: Common, chain: Chain, standing: Standing): Acts => {
  const { config, custody, db, service, now, subjectMac, turns } = common
  const { ca } = chain
  const { size, settled, lagSeconds } = standing
  const delay = openRevocationDelay({ db, issuer: ca.id, now, lagSeconds })
  const soon = () => standing.caughtUp(longestForList)
  const statusRows: StatusRows = (to, read) =>
    steadily(db, { projections: [certificateStatus], suffices: upTo(to) }, read)
  const projections = readModels(common.blind)
  const settledRows: SettledRows = async (read) => {
    const suffices = await upToNow(common.ledger)
    await settled()
    return steadily(db, { projections, suffices }, read)
  }
  return {
    ...{ common, chain, standing, settledRows, delay },
    issuance: { service, ca, escrow: custody.vault.escrow, cards: custody.cards, subjectMac },
    ending: {
      ...{ service, db, issuer: ca.id, size, settledRows },
      toldEverybody: toldByNotices(service),
    },
    crls: openCrls({ service, db, size, settled, statusRows, soon, listed: delay.listed }),
    renewals: openRenewals({
      ...{ service, db, inTurn: turns.inTurn, verifier: program.person },
      trust: config.authTrust === undefined ? undefined : openTrust(config.authTrust),
    }),
  }
}
