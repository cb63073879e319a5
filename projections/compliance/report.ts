// The compliance report of the Comité de Surveillance (CGU-122): one walk through the ledger, to the end of a period. What
// is recorded later changes nothing in it, and it names nobody unless it is asked to.
import type { Destroyed, Json } from '../../domain/kernel.ts'
import type { Policy } from '../../domain/policy/policy.ts'
import { dayOf } from '../../domain/policy/dates.ts'
import type { ClauseId } from '../../domain/refusals.ts'
import { leafHash, leafRecord } from '../../ledger/leaf.ts'
import type { Entry, Ledger } from '../../ledger/ledger.ts'
import { openRightEdge } from '../../ledger/merkle.ts'
import { openClauses, type ClauseCount } from './clauses.ts'
import { componentLines, controlLines, qualificationOn } from './controls.ts'
import { openDelays } from './delays.ts'
import { duties, openDuties, type SameHand } from './duties.ts'
import { learn, nothingKnown } from './known.ts'
import { openNames } from './names.ts'
import { openRecoveries } from './recoveries.ts'
import type { Rule } from './rule.ts'
import { rules } from './rules.ts'
import { endOfDay, isIn, seenOf, type Period, type Place, type Seen } from './seen.ts'

export type ReportOptions = Readonly<{
  period: Period
  policy: Policy
  /** Whether sealed fields can be opened; without keys the grounds of recoveries stay sealed. */
  keys: boolean
  /** Asks for the accounts behind the journals that are listed. */
  names?: boolean
  /** How many exceptions, and how many duties, are listed; all are counted. */
  mostListed?: number
}>

type Found = Place & Readonly<{ code: string; clause: ClauseId }>
export type RuleCount = Readonly<{ code: string; clause: ClauseId; fr: string; count: number }>
export type DutyCount = RuleCount & Readonly<{ forbidden: boolean }>

export type ComplianceReport = Readonly<{
  period: Period
  /** The ledger up to the end of the period: its size and tree head, and when its last event was recorded. */
  ledger: Readonly<{ log: string; size: number; root: string; lastAt: string | null }>
  keys: boolean
  /** `none` unless names were asked for; `closed` where there are no keys to open them with. */
  names: 'none' | 'open' | 'closed'
  norms: Readonly<{ revocationHours: number; controlEveryMonths: number; recoveryQuorum: number }>
  totals: Readonly<{
    events: number
    refusals: number
    exceptions: number
    sameHand: number
    forbidden: number
  }>
  clauses: readonly (ClauseCount & Readonly<{ exceptions: number }>)[]
  exceptions: Readonly<{ rules: readonly RuleCount[]; listed: readonly Found[] }>
  delays: ReturnType<ReturnType<typeof openDelays>['measured']>
  /** Revocations that no CRL showed at the end of the period, and requests without an answer. */
  waiting: Readonly<{ crl: number; requests: number }>
  recoveries: ReturnType<ReturnType<typeof openRecoveries>['counted']>
  controls: ReturnType<typeof controlLines>
  components: ReturnType<typeof componentLines>
  qualification: ReturnType<typeof qualificationOn>
  duties: Readonly<{
    pairs: readonly DutyCount[]
    listed: readonly (SameHand & Readonly<{ who?: string }>)[]
  }>
}>

/** Counts what a rule finds, and keeps the first ones. */
const openTally = <T extends { code: string }>(most: number) => {
  const counts = new Map<string, number>()
  const listed: T[] = []
  return {
    add: (found: readonly T[]): void => {
      for (const one of found) {
        counts.set(one.code, (counts.get(one.code) ?? 0) + 1)
        if (listed.length < most) listed.push(one)
      }
    },
    of: (code: string): number => counts.get(code) ?? 0,
    listed,
    total: (): number => [...counts.values()].reduce((sum, count) => sum + count, 0),
  }
}

const found = ({ code, clause }: Rule, places: readonly Place[], period: Period): readonly Found[] =>
  places.filter(({ at }) => isIn(period, at)).map((place) => ({ code, clause, ...place }))

const groundOf = async (ledger: Ledger, entry: Entry, keys: boolean): Promise<string> => {
  if (!keys) return 'sealed'
  const { ground } = (await ledger.open(entry)).sealed as { ground?: Json | Destroyed }
  return typeof ground === 'string' ? ground : 'destroyed'
}

/** Everything that is looked at in one event, in the order of the ledger. */
const openWalk = (ledger: Ledger, { period, policy, keys, mostListed = 1000 }: ReportOptions) => {
  const known = nothingKnown()
  const tally = openTally<Found>(mostListed)
  const hands = openTally<SameHand>(mostListed)
  const [clauses, delays, recoveries, sameHand] = [
    openClauses(),
    openDelays(period),
    openRecoveries(),
    openDuties(),
  ]
  let events = 0
  const judge = (seen: Seen): void => {
    for (const rule of rules)
      if (rule.on === undefined || rule.on.includes(seen.type))
        tally.add(found(rule, rule.find?.(seen, known, policy) ?? [], period))
  }
  return {
    take: async (seen: Seen, entry: Entry): Promise<void> => {
      const inPeriod = isIn(period, seen.at)
      judge(seen)
      delays.take(seen, known)
      const together = sameHand(seen)
      if (inPeriod) {
        events += 1
        clauses.take(seen)
        hands.add(together)
      }
      if (seen.type === 'RecoveryRequested')
        recoveries.asked(seen, await groundOf(ledger, entry, keys), inPeriod)
      recoveries.take(seen, inPeriod)
      learn(known, seen)
    },
    end: () => {
      const until = endOfDay(period.to)
      for (const rule of rules) tally.add(found(rule, rule.end?.(until, known, policy) ?? [], period))
      return { known, tally, hands, clauses: clauses.counted(), delays, recoveries, events }
    },
  }
}

const byPlace = (a: Found, b: Found): number => a.rank - b.rank || (a.code < b.code ? -1 : 1)

/**
 * Computes the report from the ledger alone.
 * @throws Error on an event that no aggregate knows
 */
export const complianceReport = async (ledger: Ledger, options: ReportOptions): Promise<ComplianceReport> => {
  const { period, policy, keys, names: asked = false } = options
  const walk = openWalk(ledger, options)
  const names = openNames(ledger, asked && keys)
  const tree = openRightEdge()
  let lastAt: string | null = null
  for await (const entry of ledger.entries()) {
    // What had been recorded by then is a prefix of the ledger: it ends where the first later entry stands.
    if (dayOf(entry.body.at) > period.to) break
    await names.take(entry)
    await walk.take(seenOf(ledger, entry, tree.size()), entry)
    tree.append(leafHash(leafRecord(policy.log, entry)))
    lastAt = entry.body.at
  }
  const { known, tally, hands, clauses, delays, recoveries, events } = walk.end()
  const countOf = ({ code, clause, fr }: Rule): RuleCount => ({ code, clause, fr, count: tally.of(code) })
  const exceptionsOf = (id: string): number =>
    rules.filter(({ clause }) => clause === id).reduce((sum, { code }) => sum + tally.of(code), 0)
  const pairs = duties.map(({ code, clause, fr, forbidden }) => ({
    ...{ code, clause, fr, forbidden, count: hands.of(code) },
  }))
  return {
    period,
    ledger: { log: policy.log, size: tree.size(), root: tree.root().toString('hex'), lastAt },
    keys,
    names: asked ? (keys ? 'open' : 'closed') : 'none',
    norms: {
      ...{ revocationHours: policy.revocation.hours, controlEveryMonths: policy.control.everyMonths },
      recoveryQuorum: policy.escrow.recoveryQuorum,
    },
    totals: {
      ...{ events, exceptions: tally.total(), sameHand: hands.total() },
      refusals: clauses.reduce((sum, { refusals }) => sum + refusals, 0),
      forbidden: pairs.reduce((sum, { forbidden, count }) => sum + (forbidden ? count : 0), 0),
    },
    clauses: clauses.map((one) => ({ ...one, exceptions: exceptionsOf(one.clause) })),
    exceptions: { rules: rules.map(countOf), listed: [...tally.listed].sort(byPlace) },
    delays: delays.measured(),
    waiting: { crl: known.awaiting.size, requests: known.pending.size },
    recoveries: recoveries.counted(),
    controls: controlLines(known, period),
    components: componentLines(known, policy.control.everyMonths),
    qualification: qualificationOn(known.qualifications, period.to),
    duties: { pairs, listed: hands.listed.map((one) => ({ ...one, ...names.of(one.actor) })) },
  }
}
