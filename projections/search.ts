// The search index: of what a request's sealed fields say, keyed digests of its words, so that a name finds a request and
// the database holds no name. When the data is destroyed, a rebuild finds nothing left to index (CGU-116).
import type { Event } from '../domain/kernel.ts'
import { normaliseEmail, normaliseName } from '../domain/policy/names.ts'
import type { SearchRequestRow, SearchTermRow } from '../readmodels/schema.ts'
import { idOf, type Projection } from './projection.ts'
import { insertRows } from './rows.ts'

/** Keyed digest of one normalised word; the key is in custody. */
export type Blind = (kind: 'name' | 'email' | 'matricule' | 'chip', normalised: string) => string

type Sealed = Readonly<Record<string, unknown>>

const termsOf = (data: Sealed, blind: Blind): ReadonlySet<string> => {
  const terms = new Set<string>()
  for (const field of ['surname', 'givenNames', 'nameInCertificate']) {
    const value = data[field]
    if (typeof value !== 'string') continue
    for (const word of normaliseName(value).split(' ').filter(Boolean)) terms.add(blind('name', word))
  }
  const { email, matricule } = data
  if (typeof email === 'string') terms.add(blind('email', normaliseEmail(email)))
  if (typeof matricule === 'string') terms.add(blind('matricule', matricule))
  return terms
}

const personOf = ({ data }: Event): string => (data as Readonly<{ person: string }>).person

/** @param blind makes the index terms; another key is another index, so it must stay the same */
export const createSearch = (blind: Blind): Projection => ({
  name: 'search',
  version: 1,
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
    await insertRows(tx, 'search_term', terms)
  },
})
