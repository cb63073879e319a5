// What the API is given.
import { randomBytes, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Services } from '../../api/services.ts'
import { program } from '../../commands/actors.ts'
import type { Documents } from '../../commands/documents.ts'
import { issueCertificate } from '../../commands/issueCertificate.ts'
import { drawSerial } from '../../commands/program.ts'
import { passphraseFor, recoverKey, removeOutputsOf } from '../../commands/recoverKey.ts'
import { eraseIfReachable, revokeOfCard } from '../../commands/revokeOfCard.ts'
import { unblockCard } from '../../commands/unblocking.ts'
import { undoIssuance } from '../../commands/undoIssuance.ts'
import { document } from '../../domain/document.ts'
import { glanceAtEnd, observeEnd, serialsSha256 } from '../../jobs/endOfLife.ts'
import { openPosts } from '../../jobs/posts.ts'
import type { Runner } from '../../projections/runner.ts'
import { openAccounts } from '../accountsFile.ts'
import { databaseTime } from '../../readmodels/metrics.ts'
import { alarmsOf, failedModels, jobStates, readModelsState, stateOf, statesOf } from '../health.ts'
import { openRegisters } from '../registersFile.ts'
import type { Acts } from './acts.ts'

export type ServiceParts = Readonly<{
  documents: Documents
  responder: Pick<Services['authority'], 'responder' | 'activity'>
  /** Told when a session asks for a key. */
  onIssuance?: () => void
  /** Besides that of the cards. */
  alarms: Services['alarms']
  /** Last fault of each job that runs in this process. */
  faults: () => ReadonlyMap<string, Error>
  /** Whether who runs the jobs answers, where that is another. */
  queue?: (() => Promise<true | string>) | undefined
  /** The read models, where this process has them. */
  models?: Runner['status']
  /** What a guess at the passphrase of a recovered key costs, where it is not as much as usual (pki/pkcs12.ts). */
  passphraseIterations?: number | undefined
}>

const issuanceOf = ({ common, issuance }: Acts, onIssuance: () => void): Services['issuance'] => {
  const { inTurn } = common.turns
  return {
    inTurn,
    issue: (id) => {
      onIssuance()
      return inTurn(id, () => issueCertificate(issuance, id))
    },
    undo: (id, why) => inTurn(id, () => undoIssuance(issuance, id, why)),
  }
}

const recoveryOf = ({ common, chain }: Acts, iterations: number | undefined): Services['recovery'] => {
  const { custody, service, turns } = common
  const { escrow, deliveries } = custody.vault
  const tools = { service, escrow, deliveries, ...(iterations === undefined ? {} : { iterations }) }
  const { ca, root } = chain
  return {
    execute: (id, executor) =>
      turns.inTurn(id, async () => {
        const outputSha256 = await recoverKey({ ...tools, ca, root }, id, executor)
        const passphrase = await passphraseFor(tools, id, executor)
        return { outputSha256, ...(passphrase === undefined ? {} : { passphrase }) }
      }),
    discard: (id) => turns.inTurn(id, () => removeOutputsOf(tools, id)),
    deliveries,
  }
}

const healthOf = ({ common, chain, standing, crls }: Acts, parts: ServiceParts): Services['health'] => {
  const { config, custody, db, ledger } = common
  const { faults, queue, models } = parts
  const looks = {
    ledger: () => stateOf(() => ledger.load(document, 'cgu'), 'out of reach'),
    database: () => stateOf(() => databaseTime(db), 'out of reach'),
    ...(queue === undefined ? {} : { queue }),
    custody: () => stateOf(custody.vault.requireHeld, 'out of reach'),
    keys: custody.keysHealth,
    readModels: async () =>
      readModelsState(standing.lagSeconds() <= config.policy.ocsp.maxLagSeconds, failedModels(models?.())),
    // Out of reach with the database: a list that cannot be looked at is not for that reason late.
    crl: async () => (await crls.areFresh([chain.ca, chain.rootCa])) || 'out of date',
  }
  return async () => ({ ...(await statesOf(looks)), ...jobStates(faults()) })
}

export const servicesOf = (acts: Acts, parts: ServiceParts): Services => {
  const { common, chain, standing, ending, renewals } = acts
  const { config, release, custody, db, handle, actors, service, now, blind, subjectMac, turns } = common
  const { dataDir, policy } = config
  const { keys, cards } = custody
  const { ca, root, rootCa } = chain
  const { documents, responder, onIssuance = () => undefined, alarms, passphraseIterations } = parts
  return {
    ...{ policy, release, now, newId: randomUUID, handle, actors, program, db, documents, cards },
    drawSerial: () => drawSerial(randomBytes),
    load: common.ledger.load,
    accounts: openAccounts(join(dataDir, 'accounts.json')),
    posts: openPosts({ service, db, settled: standing.settled, blind }),
    registers: openRegisters({ dataDir, key: custody.registersKey }),
    subjectMac,
    alone: turns.alone,
    reads: { ...standing, blind },
    issuance: issuanceOf(acts, onIssuance),
    cardCare: {
      unblock: (id) => turns.inTurn(`card ${id}`, () => unblockCard({ service, cards }, id)),
      erase: (id) => turns.inTurn(`card ${id}`, () => eraseIfReachable(cards, id)),
      revoke: (id) => turns.inTurn(`card ${id}`, () => revokeOfCard({ service, cards }, id)),
    },
    renewal: renewals,
    recovery: recoveryOf(acts, passphraseIterations),
    authority: { ca, root, rootCa, ...responder },
    alarms: async () => {
      const [others, ofCards] = await Promise.all([alarms(), alarmsOf({ cards: cards.health })])
      return { ...others, ...ofCards }
    },
    endOfLife: {
      observe: () => observeEnd(ending),
      glance: () => glanceAtEnd(ending),
      serialsSha256: (upTo) => serialsSha256(db, ca.id, upTo),
      isOnToken: keys.module !== 'software',
      destroyKey: keys.destroy,
    },
    health: healthOf(acts, parts),
  }
}
