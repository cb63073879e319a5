// A life told to a running service by its command and by HTTP.
import { writeFileSync } from 'node:fs'
import { openCaller, type Caller } from '../../cli/demo/client.ts'
import { commissionDesk } from '../../cli/demo/desk.ts'
import { agent, desk, employer, revocation } from '../support/life.ts'
import type { Running, Site } from './grandLivre.ts'

type Place = Pick<Site, 'file' | 'json' | 'policy'>
type Service = Pick<Running, 'url'>

/** A certificate that is issued and accepted, and its holder. */
export const issue = async (
  site: Place,
  { url }: Service,
): Promise<Readonly<{ serial: string; holder: Caller; token: string }>> => {
  let token = ''
  const as = async (id: string, role: string, ...more: readonly string[]): Promise<Caller> => {
    const added = await site.json<{ token: string }>(['accounts', 'add', id, '--role', role, ...more])
    token = added.token
    return openCaller(url, token)
  }
  const ra = await as('marie', 'raOfficer')
  writeFileSync(site.file('agents.csv'), `matricule;nom;prenoms\n0012345678;D'Été-Brûlé;Zoë Maëlle\n`)
  await site.json(['referential', 'import', site.file('agents.csv')])
  const { id: entity } = await ra.post('/entities', employer)
  const demand = { entity, cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true }
  const { id, person } = await ra.post('/requests', { ...demand, holder: agent })
  const holder = await as('zoe', 'holder', '--person', person)
  const holdersToken = token
  const { version } = site.policy['cgu'] as { version: string }
  await holder.post(`/requests/${id}/cgu-acceptance`, {
    ...{ cguVersion: version, means: 'portal', directoryAgreed: true },
  })
  await ra.post(`/requests/${id}/identity-verification`, {
    ...{
      method: 'inPerson',
      documentKind: 'nationalIdentityCard',
      documentNumber: '12AB34567',
      entityTieChecked: true,
    },
  })
  await ra.post(`/requests/${id}/validation`)
  const inService = await commissionDesk(as)
  await ra.post(`/requests/${id}/sessions`, { ...desk, desk: inService })
  const issued = await ra.post(`/requests/${id}/sessions/current/issuance`)
  const { presentedSha256, presentedAt } = await holder.post(`/certificates/${issued.serial}/presentation`)
  await holder.post(`/cards/${issued.card}/pin`, { pin: '246813' })
  await holder.post(`/certificates/${issued.serial}/acceptance`, { presentedSha256, presentedAt })
  return { serial: issued.serial, holder, token: holdersToken }
}

/** A certificate that is issued, accepted and revoked. */
export const live = async (site: Place, service: Service): Promise<string> => {
  const { serial, holder } = await issue(site, service)
  await holder.post(`/certificates/${serial}/revocation`, revocation)
  return serial
}
