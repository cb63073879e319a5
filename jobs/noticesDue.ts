// CGU-19: every new version of the conditions of use. CGU-54: « à l’approche de la date d’expiration du certificat ». CGU-77:
// « Quelle que soit la cause ayant entraîné la révocation d’un certificat, le porteur est informé »; CGU-78: « Le MC peut également
// être notifié »; CGU-79: with « la date à laquelle la révocation du certificat a pris effet ».
//
// Notices that are due, from events and dates alone: whoever is cut short looks again and finds what is left. Each list is read
// in pages, a page is a notice, and a notice is known by what it is about and by its first recipient (events.md section 3).
import { document } from '../domain/document.ts'
import type { NoticeKind, Recipient } from '../domain/notice.ts'
import { addDays, dayOf, startOf } from '../domain/policy/dates.ts'
import { recovery } from '../domain/recovery.ts'
import { request } from '../domain/request.ts'
import { templatesOf } from '../domain/noticeText.ts'
import { sha256 } from '../commands/issuing.ts'
import { planNotice } from '../commands/notices.ts'
import { perform, type Service } from '../commands/program.ts'
import { systemCommandId } from '../ledger/ids.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { inOrder, type Each } from './port.ts'
import * as due from '../readmodels/noticesDue.ts'
import { terminationHoldersDue, terminationPartiesDue } from '../readmodels/terminationAudience.ts'

export type NoticeTools = Readonly<{
  service: Service
  db: OpenDatabase['db']
  /** Id of the authority whose end everybody is told of. */
  issuer: string
}>

type Order = Readonly<{
  kind: NoticeKind
  milestone: string
  recipients: readonly Recipient[]
  effectiveAt?: string
}>

/** Plans a notice, unless it is planned already. More recipients than one mailing takes: the first of them come last, because
 * it is by them that the whole is known to be planned. */
const plan = async ({ service }: NoticeTools, order: Order): Promise<void> => {
  const { kind, milestone, recipients, effectiveAt } = order
  const most = service.policy.notice.recipientsAtMost
  const starts = recipients.map((_, index) => index).filter((index) => index % most === 0)
  for (const start of starts.reverse()) {
    const part = recipients.slice(start, start + most)
    const key = `${kind}|${milestone}|${part[0]?.stream ?? ''}`
    const notice = systemCommandId('PlanNotice', key)
    const data = {
      ...{ notice, kind, milestone, recipients: part },
      templateSha256: sha256(JSON.stringify(templatesOf(kind))),
      ...(effectiveAt === undefined ? {} : { effectiveAt }),
    }
    await perform(service, planNotice(service.policy), {
      key,
      data: { ...data, recipients: [...part] },
      circumstances: { correlationId: notice },
    })
  }
}

/** Goes through a list page by page. */
const eachPage = async <Row>(
  { service }: NoticeTools,
  read: (page: due.Page) => Promise<readonly Row[]>,
  { nameOf, take }: Readonly<{ nameOf: (row: Row) => string; take: (rows: readonly Row[]) => Promise<void> }>,
): Promise<void> => {
  const limit = service.policy.notice.recipientsAtMost
  let after: string | undefined
  for (;;) {
    const rows = await read({ after, limit })
    if (rows.length > 0) await take(rows)
    const last = rows.at(-1)
    if (last === undefined || rows.length < limit) return
    after = nameOf(last)
  }
}

const holderOf = (requestId: string): Recipient => ({ stream: `request-${requestId}`, role: 'holder' })
const serialOf = ({ serial }: Readonly<{ serial: string }>): string => serial

/** One mailing to each page of holders. */
const tellHolders = (
  tools: NoticeTools,
  about: Omit<Order, 'recipients'>,
  read: (page: due.Page) => Promise<readonly due.HolderDue[]>,
): Promise<void> =>
  eachPage(tools, read, {
    nameOf: serialOf,
    take: async (rows) => {
      const requests = [...new Set(rows.map((row) => row.request))]
      await plan(tools, { ...about, recipients: requests.map(holderOf) })
    },
  })

/** CGU-78: the certification agents of the holder's entity, and the entity, as the policy says. */
const besideHolder = async (
  { service, db }: NoticeTools,
  requestId: string,
): Promise<readonly Recipient[]> => {
  const { notifyMc, notifyEntity } = service.policy.revocation
  const file = (await service.ledger.load(request, requestId)).state
  const entity = file.status === 'unknown' ? undefined : file.identity?.entity
  if (entity === undefined) return []
  const agents = notifyMc ? await due.mandatesOf(db, entity, dayOf(service.now())) : []
  return [
    ...agents.map((stream): Recipient => ({ stream, role: 'mc' })),
    ...(notifyEntity ? [{ stream: `entity-${entity}`, role: 'legalRepresentative' } as const] : []),
  ]
}

/** CGU-77: the holder always, whatever the cause and whoever asked; a certificate that was never handed over included. */
const planRevocations = (tools: NoticeTools): Promise<void> =>
  eachPage(tools, (page) => due.revocationsDue(tools.db, page), {
    nameOf: serialOf,
    take: async (rows) => {
      for (const { serial, request: requestId, revokedAt } of rows)
        await plan(tools, {
          ...{ kind: 'revocation', milestone: serial, effectiveAt: revokedAt },
          recipients: [holderOf(requestId), ...(await besideHolder(tools, requestId))],
        })
    },
  })

/** CGU-54: at each lead time, to those whose certificate ends before it and not yet before the next. */
const planExpiries = async (tools: NoticeTools): Promise<void> => {
  const { now, policy } = tools.service
  const at = now()
  const leads = [...policy.notice.expiryLeadDays].sort((a, b) => b - a)
  for (const [index, days] of leads.entries()) {
    const milestone = `d${days}`
    const window = { milestone, from: addDays(at, leads[index + 1] ?? 0), to: addDays(at, days) }
    await tellHolders(tools, { kind: 'expiry', milestone }, (page) => due.expiriesDue(tools.db, window, page))
  }
}

/** CGU-19: each version that binds or will: the one in force, and those to come. */
const planCguUpdates = async (tools: NoticeTools): Promise<void> => {
  const { ledger, now } = tools.service
  const at = now()
  const { versions } = (await ledger.load(document, 'cgu')).state
  for (const [index, { version, effectiveFrom: effectiveAt }] of versions.entries()) {
    const next = versions[index + 1]
    if (next !== undefined && next.effectiveFrom <= at) continue
    await tellHolders(tools, { kind: 'cguUpdate', milestone: version, effectiveAt }, (page) =>
      due.cguUpdatesDue(tools.db, { version, now: at }, page),
    )
  }
}

/** The day on which the authority ceases, once that has been declared. */
const ceasingOn = async ({ service, issuer }: NoticeTools): Promise<string | undefined> => {
  let day: string | undefined
  const stream = `authority-${issuer}`
  if ((await service.ledger.lastRevision(stream)) < 0) return undefined
  for await (const { type, body } of service.ledger.stream(stream))
    if (type === 'TerminationDeclared') day = body.pub['ceasesOn'] as string
  return day
}

/** CGU-81, CGU-84: every holder, every certification agent and every entity. */
const planTermination = async (tools: NoticeTools): Promise<void> => {
  const day = await ceasingOn(tools)
  if (day === undefined) return
  const { db, issuer, service } = tools
  const about = { kind: 'termination', milestone: issuer, effectiveAt: startOf(day) } as const
  const ending = { issuer, at: service.now() }
  await tellHolders(tools, about, (page) => terminationHoldersDue(db, ending, page))
  await eachPage(tools, (page) => terminationPartiesDue(db, ending, page), {
    nameOf: ({ stream }) => stream,
    take: (recipients) => plan(tools, { ...about, recipients }),
  })
}

/** The holder of a key is told that it was recovered, unless a judicial request withheld it. */
const planRecoveries = (tools: NoticeTools): Promise<void> =>
  eachPage(tools, (page) => due.recoveriesDue(tools.db, page), {
    nameOf: (row) => row.recovery,
    take: async (rows) => {
      for (const row of rows) {
        const { state } = await tools.service.ledger.load(recovery, row.recovery)
        if (state.status === 'unknown' || state.holderNotice !== true) continue
        await plan(tools, {
          ...{ kind: 'keyRecovery', milestone: row.recovery },
          recipients: [holderOf(row.request)],
        })
      }
    },
  })

const planners: Readonly<Record<string, (tools: NoticeTools) => Promise<void>>> = {
  revocations: planRevocations,
  recoveries: planRecoveries,
  termination: planTermination,
  cguUpdates: planCguUpdates,
  expiries: planExpiries,
}

/** Plans every notice that is due, each kind whatever becomes of the others. */
export const planNotices = (tools: NoticeTools, each: Each = inOrder): Promise<void> =>
  each(Object.keys(planners), async (kind) => planners[kind]?.(tools))
