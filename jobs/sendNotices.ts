// A notice that is planned is sent: every message is handed over under its own name, then the outcome is recorded. Cut short
// anywhere, it is done again: what was handed over is not handed over again (events.md section 4, P2). What the mail server puts
// off is asked again after a pause that grows, by what the ledger says of it, until it is given up.
import { recordDelivery, recordNotice } from '../commands/notices.ts'
import { perform } from '../commands/program.ts'
import { addSeconds, isAhead } from '../domain/policy/dates.ts'
import { notice, type NoticeFile } from '../domain/notice.ts'
import { eventIdOf } from '../ledger/ids.ts'
import { deferredRecipients, pendingNotices, type Deferred } from '../readmodels/notices.ts'
import { planNotices } from './noticesDue.ts'
import { handOver, type Outcome, type SendTools } from './handOver.ts'
import { inOrder, pauseAfter, type Each, type Job } from './port.ts'

/** The intent's event, which the outcome is named after. */
const intentOf = (id: string): string => eventIdOf(id, 0)

const circumstancesOf = (id: string) => ({ correlationId: id, causationId: intentOf(id) })

/** RFC 5321 4.5.4.1: « the give-up time generally needs to be at least 4-5 days ». */
const mostAttempts = 30
const pauses = { first: 300, longest: 4 * 3600 } as const

/** Drawn from the notice, so that one server's many are not asked for at the same moment, and each always at the same. */
const fractionOf = (id: string): number => Number.parseInt(id.slice(0, 8), 16) / 0xffff_ffff

/** Whether a recipient's message may be tried again; at once where a clock that was ahead, and was put back since, has dated the last try. */
const isDue = ({ notice: id, attempts, attemptedAt }: Deferred, now: string): boolean =>
  attemptedAt === null ||
  attempts === 0 ||
  isAhead(attemptedAt, now) ||
  addSeconds(attemptedAt, Math.round(pauseAfter(attempts, pauses, fractionOf(id)))) <= now

const places = (outcomes: readonly Outcome[]): number[] => outcomes.map(({ place }) => place)

/** Outcomes by what was said of them. */
const byFault = (outcomes: readonly Outcome[]): ReadonlyMap<string, readonly Outcome[]> => {
  const groups = new Map<string, Outcome[]>()
  for (const one of outcomes) groups.set(one.fault ?? '', [...(groups.get(one.fault ?? '') ?? []), one])
  return groups
}

/** What the mail server has not taken, as it is recorded: asked too often for now is for good. */
const turnedOf = (state: NoticeFile, outcomes: readonly Outcome[]) => {
  const attemptOf = ({ place }: Outcome): number => (state.recipients[place]?.attempts ?? 0) + 1
  const isForGood = (one: Outcome): boolean =>
    one.handed === 'forGood' || (one.handed === 'forNow' && attemptOf(one) >= mostAttempts)
  const deferred = outcomes.filter((one) => one.handed === 'forNow' && !isForGood(one))
  const attempts = [...new Set(deferred.map(attemptOf))]
  return {
    deferred: attempts.flatMap((attempt) =>
      [...byFault(deferred.filter((one) => attemptOf(one) === attempt))].map(([fault, group]) => ({
        ...{ recipientIndexes: places(group), attempt, fault },
      })),
    ),
    bounced: [...byFault(outcomes.filter(isForGood))].map(([fault, group]) => ({
      ...{ recipientIndexes: places(group), fault },
    })),
  }
}

const of = (outcomes: readonly Outcome[], ...handed: readonly Outcome['handed'][]): readonly Outcome[] =>
  outcomes.filter((one) => handed.includes(one.handed))

const send = async (tools: SendTools, id: string): Promise<void> => {
  const { service, outbox } = tools
  const { state, revision } = await service.ledger.load(notice, id)
  if (state.status !== 'planned') return
  const outcomes = await handOver(tools, { id, state, revision, places: [...state.recipients.keys()] })
  const turned = places(of(outcomes, 'forNow', 'forGood'))
  await perform(service, recordNotice, {
    key: intentOf(id),
    data: {
      ...{ notice: id, sentAt: service.now(), failedIndexes: places(of(outcomes, 'noAddress')) },
      ...(turned.length === 0 ? {} : { deferredIndexes: turned, ...turnedOf(state, outcomes) }),
    },
    circumstances: circumstancesOf(id),
  })
  await outbox.recorded(id)
}

/** Sends every notice that is planned and not sent. */
const sendPlanned = async (tools: SendTools, each: Each): Promise<void> => {
  const limit = tools.service.policy.notice.recipientsAtMost
  let after: number | undefined
  for (;;) {
    const pending = await pendingNotices(tools.db, limit, after)
    if (pending.length > 0) await tools.outbox.ready()
    await each(
      pending.map(({ notice: id }) => id),
      (id) => send(tools, id),
    )
    if (pending.length < limit) return
    after = pending.at(-1)?.rank
  }
}

/** Asks again for those places of a notice that the mail server had put off. */
const sendAgain = async (tools: SendTools, id: string, due: readonly number[]): Promise<void> => {
  const { service, outbox } = tools
  const { state, revision } = await service.ledger.load(notice, id)
  if (state.status !== 'sent') return
  const waiting = due.filter((place) => state.recipients[place]?.delivery === 'deferred')
  if (waiting.length === 0) return
  const outcomes = await handOver(tools, { id, state, revision, places: waiting })
  const bare = of(outcomes, 'noAddress').map((one): Outcome => ({
    ...{ place: one.place, handed: 'forGood', fault: 'noAddress' },
  }))
  await perform(service, recordDelivery, {
    key: `${id}|${revision}`,
    data: {
      ...{ notice: id, sentAt: service.now(), relayed: places(of(outcomes, 'taken')) },
      ...turnedOf(state, [...of(outcomes, 'forNow', 'forGood'), ...bare]),
    },
    circumstances: circumstancesOf(id),
  })
  await outbox.recorded(id)
}

/** Asks again for everything that was put off and whose pause is over. */
export const retryDeferred = async (tools: SendTools, each: Each = inOrder): Promise<void> => {
  await tools.settled()
  const limit = tools.service.policy.notice.recipientsAtMost
  let after: Readonly<{ rank: number; place: number }> | undefined
  for (;;) {
    const rows = await deferredRecipients(tools.db, limit, after)
    const due = new Map<string, number[]>()
    for (const row of rows.filter((one) => isDue(one, tools.service.now())))
      due.set(row.notice, [...(due.get(row.notice) ?? []), row.place])
    if (due.size > 0) await tools.outbox.ready()
    await each([...due.keys()], (id) => sendAgain(tools, id, due.get(id) ?? []))
    const last = rows.at(-1)
    if (last === undefined || rows.length < limit) return
    after = last
  }
}

/** Sends what a stop has left planned, plans what is due, and sends that. */
export const runNotices = async (tools: SendTools, each: Each = inOrder): Promise<void> => {
  await tools.settled()
  await planNotices(tools, each)
  await tools.settled()
  await sendPlanned(tools, each)
}

/**
 * Lead times are days: an hour is often enough, and events that make a notice due at once nudge (jobs/nudges.ts). What was put off
 * is looked at by the minute.
 */
export const noticeJobs = (tools: SendTools): readonly Job[] => [
  { name: 'notices', everySeconds: 3600, run: (each) => runNotices(tools, each) },
  { name: 'mailRetries', everySeconds: 60, run: (each) => retryDeferred(tools, each) },
]
