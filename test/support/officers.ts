// Officers who approve, as the product wants them: appointed, each with a key of his own that the security officer has confirmed.
import type { LightMyRequestResponse } from 'fastify'
import { keyStatement } from '../../commands/approvalStatement.ts'
import { client, type Client } from './client.ts'
import type { Embedded, Person } from './embedded.ts'
import { done } from './life.ts'
import { officerKey, type OfficerKey } from './officerKeys.ts'

export type Officer = Client & Readonly<{ person: string; appointment: string; key: OfficerKey }>

type Registering = Readonly<{ officer: Client; appointment: string }>

/** Registers a key of the officer, which somebody else has to confirm. */
export const offerKey = async (
  product: Embedded,
  { officer, appointment }: Registering,
  key = officerKey(),
): Promise<OfficerKey> => {
  const proof = key.sign(keyStatement(product.policy, appointment, key.keySha256))
  done(await officer.post(`/appointments/${appointment}/approval-key`, { key: key.pem, proof }))
  return key
}

/** Registers a key of the officer, and has it confirmed. */
export const registerKey = async (
  product: Embedded,
  { officer, security, appointment }: Registering & Readonly<{ security: Client }>,
  key = officerKey(),
): Promise<OfficerKey> => {
  await offerKey(product, { officer, appointment }, key)
  const path = `/appointments/${appointment}/approval-key`
  done(await security.post(`${path}/confirmation`, { keySha256: key.keySha256 }))
  return key
}

/** What a security officer gives to confirm the key of an appointment, signed by his own. */
export const confirmationBy = async (
  { key, ...officer }: Officer,
  appointment: string,
): Promise<Readonly<{ keySha256: string; signature: string }>> => {
  const shown = await officer.get(`/appointments/${appointment}/approval-key/confirmation-statement`)
  if (shown.statusCode !== 200) throw new Error(`${shown.statusCode} ${shown.body}`)
  const { text, keySha256 } = shown.json<{ text: string; keySha256: string }>()
  return { keySha256, signature: key.sign(text) }
}

type ApproverRole = 'recoveryOfficer' | 'caOfficer' | 'securityOfficer'

/** Appoints an officer who approves, from this year on or a later one, by a security officer who checks him too. @returns the appointment, accepted */
export const appointOfficer = async (
  product: Embedded,
  parts: Readonly<{ account: Person; security: Client; role?: ApproverRole; later?: number }>,
): Promise<string> => {
  const { account, security, role = 'recoveryOfficer', later = 0 } = parts
  const year = Number(product.services.now().slice(0, 4)) + later
  const { id } = done(
    await security.post('/appointments', {
      ...{ role, person: account.person, fromOn: `${year}-01-01`, untilOn: `${year + 1}-12-31` },
      ...{ surname: 'Aubry', givenNames: 'Luc', email: 'luc@finances.example', mandate: 'décision 4' },
    }),
  )
  done(
    await security.post(`/appointments/${id}/check`, {
      ...{ method: 'inPerson', documentKind: 'passport', documentNumber: '12AB34567' },
    }),
  )
  const undertaking = { undertakingSha256: 'a'.repeat(64), means: 'portal' }
  done(await client(product.app, account.headers).post(`/appointments/${id}/acceptance`, undertaking))
  return id
}

/** An officer with a key that is confirmed: of recoveries, or one who approves destructions. */
export const officerWithKey = async (
  product: Embedded,
  id: string,
  role: ApproverRole = 'recoveryOfficer',
): Promise<Officer> => {
  const account = product.account(id, [role])
  const officer = client(product.app, account.headers)
  const security = client(product.app, product.account(`so-of-${id}`, ['securityOfficer']).headers)
  const appointment = await appointOfficer(product, { account, security, role })
  const key = await registerKey(product, { officer, security, appointment })
  return { ...officer, person: account.person, appointment, key }
}

const textAt = async (officer: Client, path: string, reason: string): Promise<string> => {
  const answer = await officer.get(`${path}/approval-statement`)
  if (answer.statusCode !== 200) throw new Error(`${answer.statusCode} ${answer.body}`)
  const { before, after } = answer.json<{ before: string; after: string }>()
  return `${before}${JSON.stringify(reason)}${after}`
}

/** What an officer signs of a request, with his reason. */
export const statementFor = (officer: Client, recovery: string, reason: string): Promise<string> =>
  textAt(officer, `/recovery-requests/${recovery}`, reason)

/** The body of an approval, signed by the officer. */
export const approvalBy = async (
  { key, ...officer }: Officer,
  recovery: string,
  statement = 'Pièces vues.',
): Promise<Readonly<{ statement: string; signedStatement: string; signature: string }>> => {
  const signedStatement = await statementFor(officer, recovery, statement)
  return { statement, signedStatement, signature: key.sign(signedStatement) }
}

/** Approves a request, whatever becomes of it. */
export const approve = async (officer: Officer, recovery: string): Promise<LightMyRequestResponse> =>
  officer.post(`/recovery-requests/${recovery}/approvals`, await approvalBy(officer, recovery))

/** Approves the list of a run that he has seen, whatever becomes of it. */
export const approveRun = async (
  { key, ...officer }: Officer,
  run: string,
  listSha256: string,
): Promise<LightMyRequestResponse> => {
  const [path, statement] = [`/destructions/${run}`, 'Liste vue.']
  const signedStatement = await textAt(officer, path, statement)
  const signature = key.sign(signedStatement)
  return officer.post(`${path}/approvals`, { listSha256, statement, signedStatement, signature })
}
