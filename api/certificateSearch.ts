// Search without the ledger's help: what a person types becomes blind index terms, which are compared and never read back.
import { Type } from 'typebox'
import { request as requestFile } from '../domain/request.ts'
import { comparedWords, normaliseEmail } from '../domain/policy/names.ts'
import { findCertificates, type CertificateFilter } from '../readmodels/certificates.ts'
import type { StatusRow } from '../readmodels/schema.ts'
import { accountOf } from './auth.ts'
import { certificateStatus, rowAnswer, rowBody } from './certificateAnswer.ts'
import { limitOf, linkNext, pageQuery, rankOf, type PageQuery } from './page.ts'
import { Problem } from './problems.ts'
import { readRoute, type Api } from './routes.ts'
import { id } from './schemas.ts'
import { parseSerial } from './serial.ts'
import type { Services } from './services.ts'

/** What `q` asks for: a serial number, or terms that a certificate's request must all have. */
export const wanted = (
  q: string,
  blind: Services['reads']['blind'],
): Pick<CertificateFilter, 'serial' | 'terms'> => {
  const text = q.trim()
  const serial = parseSerial(text)
  if (serial !== undefined) return { serial }
  if (text.includes('@')) return { terms: [blind('email', normaliseEmail(text))] }
  if (/^\d{10}$/.test(text)) return { terms: [blind('matricule', text)] }
  return { terms: comparedWords(text).map((word) => blind('name', word)) }
}

type Query = PageQuery &
  Readonly<{ q: string | undefined; person: string | undefined; status: string | undefined }>

const filterOf = (query: Query, blind: Services['reads']['blind']): Omit<CertificateFilter, 'limit'> => {
  const before = rankOf(query)
  return {
    ...(query.q === undefined ? {} : wanted(query.q, blind)),
    ...(query.person === undefined ? {} : { person: query.person }),
    ...(query.status === undefined ? {} : { status: query.status as StatusRow['status'] }),
    ...(before === undefined ? {} : { before }),
  }
}

/** Whose a certificate is, is sealed: without a criterion every file there is would have to be opened. */
const requireCriterion = ({
  q,
  person,
}: Readonly<{ q?: string | undefined; person?: string | undefined }>): void => {
  if (q !== undefined || person !== undefined) return
  throw new Problem('VALIDATION_FAILED', {
    errors: [{ in: 'query', pointer: '/q', message: 'a certification agent names q or person' }],
  })
}

export const certificateSearchRoutes = (api: Api): void => {
  const { services, readers } = api
  const { db, reads, load } = services

  /** A certification agent sees his entities' certificates only; whose a certificate is, is sealed in its request. */
  const isOf =
    (entities: readonly string[]) =>
    async (row: StatusRow): Promise<boolean> => {
      const { state } = await load(requestFile, row.request ?? '')
      return state.status !== 'unknown' && entities.includes(state.identity?.entity ?? '')
    }

  /** The first rows that may be shown, so that those that may not leave no trace in a page: neither a gap nor a link. */
  const findShown = async (
    filter: CertificateFilter,
    mayShow: (row: StatusRow) => Promise<boolean>,
  ): Promise<readonly StatusRow[]> => {
    const shown: StatusRow[] = []
    let before: object = {}
    for (;;) {
      const rows = await findCertificates(db, { ...filter, ...before })
      for (const row of rows) {
        if (await mayShow(row)) shown.push(row)
        if (shown.length === filter.limit) return shown
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < filter.limit) return shown
      before = { before: last.planned_rank }
    }
  }

  readRoute(api, {
    url: '/certificates',
    summary: 'Search certificates, newest first',
    description:
      '`q`: words of a name in any order, accents or not; a serial number in hex or decimal; an e-mail address; a matricule. A holder sees his own; a certification agent those of his entities, and names `q` or `person`.',
    tag: 'certificates',
    clauses: ['CGU-44', 'CGU-73', 'CGU-114'],
    query: {
      q: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      person: Type.Optional(id),
      status: Type.Optional(certificateStatus),
      ...pageQuery,
    },
    answer: Type.Object({ certificates: Type.Array(Type.Object(rowAnswer)) }),
    read: async ({ request, reply, query }) => {
      const account = accountOf(request)
      const [entity] = account.entities
      const actor = await readers.reader(
        request,
        { person: account.person, entity },
        { screen: 'certificateSearch' },
      )
      if (actor.role === 'mc') requireCriterion(query)
      const limit = limitOf(query)
      const person = actor.role === 'holder' ? account.person : query.person
      const filter = filterOf({ ...query, person }, reads.blind)
      const mayShow = actor.role === 'mc' ? isOf(account.entities) : () => Promise.resolve(true)
      const rows = await findShown({ ...filter, limit: limit + 1 }, mayShow)
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      if (rows.length > limit && last !== undefined) linkNext(request, reply, last.planned_rank)
      // To learn by a name that somebody has a certificate is a look at his data.
      if (actor.role !== 'holder' && query.q !== undefined && shown.length > 0)
        await api.journal.consultation(actor, {
          screen: 'certificateSearch',
          streams: shown.map(({ serial }) => `certificate-${serial}`),
        })
      return { certificates: shown.map(rowBody) }
    },
  })
}
