// CGU-46, CGU-116: the keys of officers who approve: registered by themselves, confirmed by the security officer.
import { Type } from 'typebox'
import {
  confirmApprovalKey,
  fingerprint,
  registerApprovalKey,
  rolesWithKey,
} from '../commands/approvalKeys.ts'
import { appointment } from '../domain/appointment.ts'
import { accept } from '../domain/kernel.ts'
import { approvalKeyFrom } from '../pki/approvalSignature.ts'
import { findAppointments } from '../readmodels/appointments.ts'
import { caughtUp } from './readers.ts'
import { commandRoute, type Api } from './routes.ts'
import { byId, closed, h } from './schemas.ts'
import type { Services } from './services.ts'

const registration = closed(
  {
    key: Type.String({
      minLength: 1,
      maxLength: 20_000,
      description: 'PEM of the public key or of a certificate of it, or the DER of either in base64.',
    }),
    proof: Type.String({
      pattern: '^[A-Za-z0-9+/]*={0,2}$',
      maxLength: 2000,
      description: 'Signature in base64: SHA-256 with RSA (PKCS #1 v1.5) or ECDSA (DER).',
    }),
  },
  { examples: [{ key: 'MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE', proof: 'MEUCIQ==' }] },
)
const confirmation = closed(
  { keySha256: { ...h, description: 'SHA-256 of the DER of the key, as the officer has shown it.' } },
  { examples: [{ keySha256: 'a'.repeat(64) }] },
)

const officersAtMost = 1000

/** The appointments of all who approve: each is judged on its own stream. */
const officersOf = async (services: Services): Promise<readonly string[]> => {
  await caughtUp(services)
  const found = await Promise.all(
    rolesWithKey.map((role) => findAppointments(services.db, { role, limit: officersAtMost })),
  )
  return found.flat().map(({ appointment: one }) => one)
}

/** For the action that an appointment shows: what is left is the key, and its proof. */
const asProven = (registering: ReturnType<typeof registerApprovalKey>): typeof registering => ({
  ...registering,
  decide: (...asked) => {
    const decision = registering.decide(...asked)
    return 'refused' in decision && decision.refused.code === 'APPROVAL_KEY_UNUSABLE' ? accept() : decision
  },
})

export const approvalKeyRoutes = (api: Api): void => {
  const { services } = api
  const about = { tag: 'appointments', clauses: ['CGU-46', 'CGU-116'], params: byId } as const
  const registering = registerApprovalKey(services.policy)
  const route = {
    url: '/appointments/:id/approval-key',
    summary: 'Register the key by which an officer signs his approvals, by himself',
  } as const

  api.actions.list(route, {
    ...{ on: 'appointment', decider: asProven(registering) },
    data: (id) => ({ appointment: id, publicKey: '', proof: '' }),
  })
  commandRoute(api, {
    ...{ ...about, ...route },
    description:
      'EC P-256 or P-384, RSA of 2048 bits or more. `proof` signs {"appointment":…,"environment":…,"form":"grand-livre/approval-key/1","keySha256":…,"log":…} without blanks, keySha256 being the SHA-256 of the key’s DER. It counts once it is confirmed; until then the one before does.',
    body: registration,
    decider: registering,
    data: async ({ params, body: { key, proof } }) => {
      const given = approvalKeyFrom(key)
      const { certificate } = given ?? {}
      return {
        ...{ appointment: params.id, proof, others: await officersOf(services) },
        publicKey: Buffer.from(given?.publicKey ?? '').toString('base64'),
        ...(certificate === undefined ? {} : { certificate: Buffer.from(certificate).toString('base64') }),
      }
    },
  })
  commandRoute(api, {
    ...about,
    url: '/appointments/:id/approval-key/confirmation',
    summary: 'Confirm that the key registered is the officer’s, by its fingerprint',
    body: confirmation,
    decider: confirmApprovalKey,
    data: async ({ params, body: { keySha256 } }) => ({
      ...{ appointment: params.id, keySha256, others: await officersOf(services) },
    }),
    trial: {
      on: 'appointment',
      data: async (id) => {
        const { state } = await services.load(appointment, id)
        const offered = state.status === 'unknown' ? undefined : state.keyOffered?.publicKey
        return { appointment: id, keySha256: offered === undefined ? '' : fingerprint(offered) }
      },
    },
  })
}
