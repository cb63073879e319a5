// Two recovery officers, appointed, each with a key of his own: what they approve, they sign. The keys are the officers', and the
// service never sees more of them than the public half.
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openCaller, type Caller } from './client.ts'
import type { Stage } from './stage.ts'

export type Approval = Readonly<{ statement: string; signedStatement: string; signature: string }>

export type Officer = Readonly<{
  caller: Caller
  /** PEM of the public key. */
  key: string
  /** What he signs of a request, with his reason. */
  approval: (path: string, reason: string) => Promise<Approval>
}>

const day = (): string => new Date().toISOString().slice(0, 10)
const inAYear = (): string => `${Number(day().slice(0, 4)) + 1}${day().slice(4, 8)}01`

/** Appoints an officer, who accepts, registers his key, and has it confirmed by the security officer. */
const appointed = async (
  { url, account, policy }: Stage,
  security: Caller,
  { id, surname, givenNames }: Readonly<{ id: string; surname: string; givenNames: string }>,
): Promise<Officer> => {
  const person = randomUUID()
  const caller = openCaller(url, account(id, 'recoveryOfficer', person))
  const { id: appointment } = await security.post('/appointments', {
    ...{ role: 'recoveryOfficer', person, surname, givenNames, mandate: 'décision de nomination' },
    ...{ email: `${id}@finances.example`, fromOn: day(), untilOn: inAYear() },
  })
  const path = `/appointments/${appointment}`
  await security.post(`${path}/check`, {
    ...{ method: 'inPerson', documentKind: 'nationalIdentityCard', documentNumber: '34CD56789' },
  })
  const undertakingSha256 = createHash('sha256').update('engagement').digest('hex')
  await caller.post(`${path}/acceptance`, { undertakingSha256, means: 'portal' })
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signed = (text: string): string => sign('sha256', Buffer.from(text), privateKey).toString('base64')
  const keySha256 = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
  const { environment, log } = policy
  const shown = { appointment, environment, form: 'grand-livre/approval-key/1', keySha256, log }
  const key = publicKey.export({ type: 'spki', format: 'pem' }).toString()
  await caller.post(`${path}/approval-key`, { key, proof: signed(JSON.stringify(shown)) })
  await security.post(`${path}/approval-key/confirmation`, { keySha256 })
  return {
    ...{ caller, key },
    approval: async (request, reason) => {
      const { before, after } = await caller.get(`${request}/approval-statement`)
      const signedStatement = `${before}${JSON.stringify(reason)}${after}`
      return { statement: reason, signedStatement, signature: signed(signedStatement) }
    },
  }
}

/** The two who are to approve the recovery. */
export const appointTwo = (stage: Stage): Promise<readonly [Officer, Officer]> =>
  stage.steps.step(
    'Two recovery officers are appointed; each registers his key, which the security officer confirms',
    ['CGU-46'],
    async () => {
      const security = openCaller(stage.url, stage.account('nadia-so', 'securityOfficer'))
      const first = { id: 'paul-ro', surname: 'Garnier', givenNames: 'Paul' }
      const second = { id: 'lea-ro', surname: 'Moreau', givenNames: 'Léa' }
      return [await appointed(stage, security, first), await appointed(stage, security, second)] as const
    },
  )

/** Leaves what an officer has signed, his signature and his public key, for whoever wants to verify them. */
export const leaveApproval = async (out: string, { key }: Officer, approval: Approval): Promise<void> => {
  await writeFile(join(out, 'officer.pem'), key)
  await writeFile(join(out, 'approval.json'), approval.signedStatement)
  await writeFile(join(out, 'approval.sig'), Buffer.from(approval.signature, 'base64'))
}
