// The search index: of what a request's sealed fields say, keyed digests of its words, so that a name finds a request and
// the database holds no name. When the data is destroyed, a rebuild finds nothing left to index (CGU-116).
import type { Event } from '../domain/kernel.ts'
import { comparedWords, normaliseEmail } from '../domain/policy/names.ts'
import type { Transaction } from 'kysely'
import type { Database, SearchRequestRow, SearchTermRow } from '../readmodels/schema.ts'
import { idOf, type Applied, type Projection } from './projection.ts'
import { insertRows, isAnyOf, upsertRows } from './rows.ts'

/** Keyed digest of one normalised word; the key is in custody. */
export type Blind = (kind: 'name' | 'email' | 'matricule' | 'person' | 'chip', normalised: string) => string

type Sealed = Readonly<Record<string, unknown>>

const termsOf = (data: Sealed, blind: Blind): ReadonlySet<string> => {
  const terms = new Set<string>()
  for (const field of ['surname', 'givenNames', 'nameInCertificate']) {
    const value = data[field]
    if (typeof value !== 'string') continue
    for (const word of comparedWords(value)) terms.add(blind('name', word))
  }
  const { email, matricule } = data
  if (typeof email === 'string') terms.add(blind('email', normaliseEmail(email)))
  if (typeof matricule === 'string') terms.add(blind('matricule', matricule))
  return terms
}

const personOf = ({ data }: Event): string => (data as Readonly<{ person: string }>).person

/** The ranks of the requests that these events are about. */
const ranksOf = async (
  tx: Transaction<Database>,
  applied: readonly Applied[],
): Promise<ReadonlyMap<string, number>> => {
  if (applied.length === 0) return new Map()
  const ids = applied.map(({ at }) => idOf(at.stream))
  const rows = await tx.selectFrom('search_request').selectAll().where(isAnyOf('request', ids)).execute()
  return new Map(rows.map(({ request, rank }) => [request, rank]))
}

/** Each once: a statement may not touch a row twice. */
const unique = (terms: readonly SearchTermRow[]): readonly SearchTermRow[] => [
  ...new Map(terms.map((row) => [`${row.rank}|${row.term}`, row])).values(),
]

/** @param blind makes the index terms; another key is another index, so it must stay the same */
export const createSearch = (blind: Blind): Projection => ({
  name: 'search',
  version: 3,
  streams: ['request-'],
  tables: ['search_request', 'search_term'],
  apply: async (tx, batch) => {
    const requests: SearchRequestRow[] = []
    const terms: SearchTermRow[] = []
    for (const applied of batch.filter(({ event }) => event.type === 'CertificateRequested')) {
      const { rank, stream } = applied.at
      requests.push({ rank, request: idOf(stream), person: personOf(applied.event) })
      const { data } = await applied.open()
      for (const term of termsOf(data as Sealed, blind)) terms.push({ term, rank })
    }
    await insertRows(tx, 'search_request', requests)
    // CGU-97: a corrected name finds the file too, beside the one that its certificate bears.
    const corrections = batch.filter(({ event }) => event.type === 'RegistrationCorrected')
    const ranks = await ranksOf(tx, corrections)
    for (const { at, open } of corrections) {
      const { values } = (await open()).data as Readonly<{ values: Sealed }>
      const rank = ranks.get(idOf(at.stream))
      if (rank !== undefined) for (const term of termsOf(values, blind)) terms.push({ term, rank })
    }
    await upsertRows(tx, 'search_term', ['term', 'rank'], unique(terms))
  },
})
