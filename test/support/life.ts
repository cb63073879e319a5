// One agent's certificate, by HTTP, as far as a test wants it.
import type { LightMyRequestResponse } from 'fastify'
import { document, inForce } from '../../domain/document.ts'
import { client, type Client } from './client.ts'
import { desks, type Embedded, type Person } from './embedded.ts'

export const agent = {
  kind: 'agent',
  surname: "D'Été-Brûlé",
  givenNames: 'Zoë Maëlle',
  nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ",
  email: 'zoe.dete-brule@douane.example',
  matricule: '0012345678',
}

export const employer = {
  kind: 'ministry',
  siren: '110020013',
  method: 'register',
  name: 'Direction générale des douanes et droits indirects',
  address: '11 rue des Deux Communes, Montreuil',
  contact: 'bureau.pki@douane.example',
  evidence: 'répertoire SIRENE consulté',
}

let sat = 0

/** The next desk, of those that every product has in service. */
const nextDesk = (): string => desks[(sat += 1) % desks.length]!

/** A session at a desk that is free, with a card that nobody has seen yet: another desk, another chip at each look. */
export const desk = {
  holderPresent: true,
  get desk(): string {
    return nextDesk()
  },
  get card() {
    sat += 1
    return { model: 'software-qscd', chipNumber: `8925 0000 ${String(sat).padStart(4, '0')}` }
  },
}

/** What the answers of the routes have, together. */
type Answer = Readonly<{
  id: string
  stream: string
  revision: number
  position: string
  person: string
  serial: string
  card: string
  status: string
  presentedSha256: string
  presentedAt: string
  events: readonly Readonly<{ type: string; rank: number }>[]
  certificates: readonly Readonly<{ serial: string; status: string }>[]
  session: Readonly<{ card: string; serial: string }>
  outputSha256: string
  passphrase: string
}>

/** The body of an answer that must be a success. */
export const done = (response: LightMyRequestResponse): Answer => {
  if (response.statusCode >= 300) throw new Error(`${response.statusCode} ${response.body}`)
  return response.json<Answer>()
}

/** Status and problem code of an answer. */
export const verdict = (response: LightMyRequestResponse): readonly [number, string | undefined] => [
  response.statusCode,
  response.json<{ code?: string }>().code,
]

export type Life = Readonly<{
  ra: Client
  holder: Client
  person: string
  entity: string
  request: string
}>

let counted = 0

/** A request, made and not yet validated, with its people. */
export const requested = async (product: Embedded, holderData: object = agent): Promise<Life> => {
  counted += 1
  const own = counted
  const ra = client(product.app, product.account(`ra-${own}`, ['raOfficer']).headers)
  const entity = done(await ra.post('/entities', employer)).id
  await product.enrol(holderData)
  const demand = {
    holder: holderData,
    entity,
    cardKind: 'agent',
    ra: 'dgddi',
    profile: 'encryption',
    escrow: true,
  }
  const { id, person } = done(await ra.post('/requests', demand))
  const holder = client(product.app, product.account(`holder-${own}`, ['holder'], { person }).headers)
  return { ra, holder, person, entity, request: id }
}

export const validated = async (product: Embedded, holderData: object = agent): Promise<Life> => {
  const life = await requested(product, holderData)
  const { ra, holder, request } = life
  const { state: conditions } = await product.ledger.load(document, 'cgu')
  done(
    await holder.post(`/requests/${request}/cgu-acceptance`, {
      cguVersion: inForce(conditions, product.services.now())?.version,
      means: 'portal',
      directoryAgreed: true,
    }),
  )
  done(
    await ra.post(`/requests/${request}/identity-verification`, {
      method: 'inPerson',
      documentKind: 'nationalIdentityCard',
      documentNumber: '12AB34567',
      entityTieChecked: true,
    }),
  )
  done(await ra.post(`/requests/${request}/validation`))
  return life
}

export type Issued = Life & Readonly<{ serial: string; card: string; position: string }>

export const issued = async (product: Embedded, holderData: object = agent): Promise<Issued> => {
  const life = await validated(product, holderData)
  done(await life.ra.post(`/requests/${life.request}/sessions`, desk))
  const { serial, card, position } = done(
    await life.ra.post(`/requests/${life.request}/sessions/current/issuance`),
  )
  return { ...life, serial, card, position }
}

/** Presented to its holder, accepted, the PIN set, the card handed over. */
export const inUse = async (product: Embedded, holderData: object = agent): Promise<Issued> => {
  const life = await issued(product, holderData)
  const { ra, holder, serial, card, request } = life
  const { presentedSha256, presentedAt } = done(await holder.post(`/certificates/${serial}/presentation`))
  done(await holder.post(`/cards/${card}/pin`, { pin: '246813' }))
  done(await holder.post(`/certificates/${serial}/acceptance`, { presentedSha256, presentedAt }))
  const { position } = done(await ra.post(`/requests/${request}/handover`, { receipt: 'PV signé' }))
  return { ...life, position }
}

export const revocation = {
  holderName: 'Zoe Maelle D’ETE BRULE',
  requesterName: "Zoë D'Été-Brûlé",
  channel: 'portal',
  cause: 'cardLost',
}

/** A certification agent of the entity of a life, who has undertaken his mandate; or another one of his. */
export const mandated = async (
  product: Embedded,
  { ra, entity }: Pick<Life, 'ra' | 'entity'>,
  { id, powers = ['revoke'], also }: Readonly<{ id: string; powers?: readonly string[]; also?: Person }>,
): Promise<Readonly<{ mandate: string; account: Person; agent: Client }>> => {
  const account = also ?? product.account(id, ['mc'])
  const agentClient = client(product.app, account.headers)
  const { id: mandate } = done(
    await ra.post('/appointments', {
      ...{ role: 'mc', person: account.person, entity, powers, email: `${id}@douane.example` },
      ...{ fromOn: '2026-01-01', untilOn: '2027-12-31' },
      mandateSignedOn: product.services.now().slice(0, 10),
      ...{ surname: 'Garçon', givenNames: 'Noé', mandate: 'réf. 12' },
    }),
  )
  done(
    await ra.post(`/appointments/${mandate}/check`, {
      method: 'inPerson',
      documentKind: 'passport',
      documentNumber: '12AB34567',
    }),
  )
  const undertaking = { undertakingSha256: 'a'.repeat(64), means: 'portal' }
  done(await agentClient.post(`/appointments/${mandate}/acceptance`, undertaking))
  return { mandate, account, agent: agentClient }
}
