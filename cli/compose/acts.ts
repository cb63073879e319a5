// What commands and jobs act with, over the authorities' keys and the read models: the same for the process that answers people and for
// the one that does what has become due.
import type { Chain } from '../../commands/ceremony.ts'
import { program } from '../../commands/actors.ts'
import { openCrls, type Crls } from '../../jobs/crls.ts'
import { toldByNotices, type EndOfLifeTools } from '../../jobs/endOfLife.ts'
import { openRenewals, type Renewals } from '../../jobs/renewals.ts'
import type { Issuance } from '../../commands/issueCertificate.ts'
import type { Standing } from '../../projections/standing.ts'
import { openTrust } from '../trust.ts'
import type { Common } from './common.ts'

export type Acts = Readonly<{
  common: Common
  chain: Chain
  standing: Standing
  issuance: Issuance
  ending: EndOfLifeTools
  crls: Crls
  renewals: Renewals
}>

export const actsOf = (common: Common, chain: Chain, standing: Standing): Acts => {
  const { config, custody, db, service, subjectMac, turns } = common
  const { ca } = chain
  const { size, settled } = standing
  return {
    ...{ common, chain, standing },
    issuance: { service, ca, escrow: custody.vault.escrow, cards: custody.cards, subjectMac },
    ending: {
      ...{ service, db, issuer: ca.id, size, settled },
      toldEverybody: toldByNotices({ service, db }),
    },
    crls: openCrls({ service, db, size, settled }),
    renewals: openRenewals({
      ...{ service, db, inTurn: turns.inTurn, verifier: program.person },
      trust: config.authTrust === undefined ? undefined : openTrust(config.authTrust),
    }),
  }
}
