// A life told to a running service by its command and by HTTP.
import { writeFileSync } from 'node:fs'
import { openCaller, type Caller } from '../../cli/demo/client.ts'
import { commissionDesk } from '../../cli/demo/desk.ts'
import { agent, desk, employer, revocation } from '../support/life.ts'
import type { Running, Site } from './grandLivre.ts'

/** What is told of the holder beside the file of his request. */
export const confided = { documentNumber: '12AB34567', pin: '246813' }

type Place = Pick<Site, 'file' | 'json' | 'policy'>
type Service = Pick<Running, 'url'>

type As = (id: string, role: string, ...more: readonly string[]) => Promise<Caller>
/** Who asks, and where: at this registration officer's, for an agent of this entity, at this desk. */
type People = Readonly<{ as: As; ra: Caller; entity: string; desk: string; lastToken: () => string }>
type Request = Readonly<{ request: string; holder: Caller; token: string }>

const peopleOf = async (site: Place, { url }: Service): Promise<People> => {
  let token = ''
  const as: As = async (id, role, ...more) => {
    const added = await site.json<{ token: string }>(['accounts', 'add', id, '--role', role, ...more])
    token = added.token
    return openCaller(url, token)
  }
  const ra = await as('marie', 'raOfficer')
  writeFileSync(site.file('agents.csv'), `matricule;nom;prenoms\n0012345678;D'Été-Brûlé;Zoë Maëlle\n`)
  await site.json(['referential', 'import', site.file('agents.csv')])
  const { id: entity } = await ra.post('/entities', employer)
  return { as, ra, entity, desk: await commissionDesk(as), lastToken: () => token }
}

/** A request that is validated, its session at the desk begun: what is asked for next is the certificate. */
const requested = async (
  site: Place,
  { as, ra, entity, desk: at, lastToken }: People,
  account: string,
): Promise<Request> => {
  const demand = { entity, cardKind: 'agent', ra: 'dgddi', profile: 'encryption', escrow: true }
  const { id, person } = await ra.post('/requests', { ...demand, holder: agent })
  const holder = await as(account, 'holder', '--person', person)
  const { version } = site.policy['cgu'] as { version: string }
  await holder.post(`/requests/${id}/cgu-acceptance`, {
    ...{ cguVersion: version, means: 'portal', directoryAgreed: true },
  })
  await ra.post(`/requests/${id}/identity-verification`, {
    ...{
      method: 'inPerson',
      documentKind: 'nationalIdentityCard',
      documentNumber: confided.documentNumber,
      entityTieChecked: true,
    },
  })
  await ra.post(`/requests/${id}/validation`)
  await ra.post(`/requests/${id}/sessions`, { ...desk, desk: at })
  return { request: id, holder, token: lastToken() }
}

/** @returns the serial number */
const issued = async (ra: Caller, { request, holder }: Request): Promise<string> => {
  const { serial, card } = await ra.post(`/requests/${request}/sessions/current/issuance`)
  const { presentedSha256, presentedAt } = await holder.post(`/certificates/${serial}/presentation`)
  await holder.post(`/cards/${card}/pin`, { pin: confided.pin })
  await holder.post(`/certificates/${serial}/acceptance`, { presentedSha256, presentedAt })
  return serial
}

/** A certificate that is issued and accepted, and its holder. */
export const issue = async (
  site: Place,
  service: Service,
): Promise<Readonly<{ serial: string; holder: Caller; token: string }>> => {
  const people = await peopleOf(site, service)
  const { holder, token, ...request } = await requested(site, people, 'zoe')
  return { holder, token, serial: await issued(people.ra, { holder, token, ...request }) }
}

export type Pending = Readonly<{
  /** Asks for the certificate, and wants it. @returns its serial number */
  issue: () => Promise<string>
  /** Asks for it, and wants to be refused. @returns the code of the refusal */
  refused: () => Promise<string>
}>

/** A request whose certificate may be asked for at any time. */
export const pending = async (site: Place, service: Service): Promise<Pending> =>
  pendingOf(site, await peopleOf(site, service), 'zoe')

const pendingOf = async (site: Place, people: People, account: string): Promise<Pending> => {
  const { ra } = people
  const request = await requested(site, people, account)
  return {
    issue: () => issued(ra, request),
    refused: async () =>
      (await ra.refused(`/requests/${request.request}/sessions/current/issuance`, {})).code,
  }
}

/** A certificate that is issued, accepted and revoked; and the next request. */
export const liveTwice = async (
  site: Place,
  service: Service,
): Promise<Readonly<{ serial: string; next: Pending }>> => {
  const people = await peopleOf(site, service)
  const first = await requested(site, people, 'zoe')
  const serial = await issued(people.ra, first)
  await people.ra.post(`/requests/${first.request}/handover`, { receipt: 'PV signé' })
  await first.holder.post(`/certificates/${serial}/revocation`, revocation)
  return { serial, next: await pendingOf(site, people, 'zoe-2') }
}

/** A certificate that is issued, accepted and revoked. */
export const live = async (site: Place, service: Service): Promise<string> => {
  const { serial, holder } = await issue(site, service)
  await holder.post(`/certificates/${serial}/revocation`, revocation)
  return serial
}
