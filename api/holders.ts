// What a holder has: his requests and his certificates, by his person number.
import { Type } from 'typebox'
import { findCertificates, requestsOf } from '../readmodels/certificates.ts'
import { rowAnswer, rowBody } from './certificateAnswer.ts'
import { notFound } from './readers.ts'
import { readRoute, type Api } from './routes.ts'
import { closed, id } from './schemas.ts'

const most = 500

export const holderRoutes = (api: Api): void => {
  const { db } = api.services
  readRoute(api, {
    url: '/holders/:person',
    summary: 'The requests and certificates of a holder',
    tag: 'holders',
    clauses: ['CGU-07', 'CGU-15'],
    params: closed({ person: id }),
    answer: Type.Object({
      person: id,
      requests: Type.Array(id),
      certificates: Type.Array(Type.Object(rowAnswer)),
    }),
    read: async ({ request, params: { person } }) => {
      await api.readers.reader(request, { person }, { screen: 'holder' })
      const requests = await requestsOf(db, person)
      const certificates = await findCertificates(db, { person, limit: most })
      if (requests.length === 0 && certificates.length === 0) return notFound()
      return { person, requests, certificates: certificates.map(rowBody) }
    },
  })
}
