// CGU-46, CGU-116: the keys of officers who approve: registered by themselves, confirmed by the security officer.
import { Type } from 'typebox'
import { foldOf } from '../commands/consider.ts'
import { fingerprint, keyCounts, withConfirmers } from '../commands/approvalKeyChain.ts'
import { registerApprovalKey, rolesWithKey } from '../commands/approvalKeys.ts'
import { confirmApprovalKey, confirmationFor, keyToConfirm } from '../commands/confirmApprovalKey.ts'
import { appointment } from '../domain/appointment.ts'
import type { Actor } from '../domain/kernel.ts'
import { approvalKeyFrom } from '../pki/approvalSignature.ts'
import { findAppointments } from '../readmodels/appointments.ts'
import { butFor, ownPost, signedFields } from './approvalText.ts'
import { refused } from './problems.ts'
import { caughtUp, notFound } from './readers.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, h, id as idField } from './schemas.ts'
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
  {
    keySha256: { ...h, description: 'SHA-256 of the DER of the key, as the officer has shown it.' },
    signature: signedFields.signature,
  },
  { examples: [{ keySha256: 'a'.repeat(64), signature: 'MEUCIQ==' }] },
)
const toConfirm = Type.Object({
  id: idField,
  keySha256: { ...h, description: 'Of the key that is confirmed.' },
  confirmer: Type.Object({ appointment: idField, keySha256: h }),
  text: Type.String({ description: 'What is signed, in UTF-8: canonical JSON (RFC 8785).' }),
})

const officersAtMost = 1000

/** The appointments of all who approve: each is judged on its own stream. */
const officersOf = async (services: Services): Promise<readonly string[]> => {
  await caughtUp(services)
  const found = await Promise.all(
    rolesWithKey.map((role) => findAppointments(services.db, { role, limit: officersAtMost })),
  )
  return found.flat().map(({ appointment: one }) => one)
}

const about = { tag: 'appointments', clauses: ['CGU-46', 'CGU-116'], params: byId } as const

export const approvalKeyRoutes = (api: Api): void => {
  registrationRoute(api)
  confirmationRoute(api)
  confirmationTextRoute(api)
}

const registrationRoute = (api: Api): void => {
  const { services } = api
  const registering = registerApprovalKey(services.policy)
  const route = {
    url: '/appointments/:id/approval-key',
    summary: 'Register the key by which an officer signs his approvals, by himself',
  } as const

  api.actions.list(route, {
    ...{ on: 'appointment', decider: butFor('APPROVAL_KEY_UNUSABLE', registering) },
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
}

/** The appointment that a security officer confirms by. */
const confirmerOf = async (
  services: Services,
  { person }: Pick<Actor, 'person'>,
): Promise<{ confirmerAppointment?: string }> => {
  const { appointment: own } = await ownPost(services, person, ['securityOfficer'])
  return own === undefined ? {} : { confirmerAppointment: own }
}

const confirmationRoute = (api: Api): void => {
  const { services } = api
  const { policy } = services
  const confirming = confirmApprovalKey(policy)
  const route = {
    url: '/appointments/:id/approval-key/confirmation',
    summary: 'Confirm that the key registered is the officer’s, by its fingerprint',
  } as const

  /** The key that waits, or the one that serves and does not count: one that counts needs no confirmation. */
  const waiting = async (id: string): Promise<string> => {
    const appointed = await withConfirmers(foldOf(services), [id])
    const held = appointed.get(id)
    if (held === undefined || held.status === 'unknown') return ''
    if (held.keyOffered === undefined && keyCounts({ policy, appointed }, id)) return ''
    const key = keyToConfirm(held)?.publicKey
    return key === undefined ? '' : fingerprint(key)
  }

  api.actions.list(route, {
    ...{ on: 'appointment', decider: butFor('APPROVAL_KEY_CONFIRMATION_UNSIGNED', confirming) },
    data: async (id) => ({ appointment: id, keySha256: await waiting(id) }),
  })
  commandRoute(api, {
    ...{ ...about, ...route },
    description:
      'Signed by the security officer’s own key, over the text of `confirmation-statement`, where the policy names the keys that confirmations begin with (`escrow.approvalAnchors`). A key that was confirmed without a signature is confirmed again in the same way.',
    body: confirmation,
    decider: confirming,
    data: async ({ params, body, act }) => ({
      ...{ appointment: params.id, ...body, others: await officersOf(services) },
      ...(await confirmerOf(services, act.actor)),
    }),
  })
}

const confirmationTextRoute = (api: Api): void => {
  const { services } = api
  readRoute(api, {
    ...about,
    url: '/appointments/:id/approval-key/confirmation-statement',
    summary: 'What the security officer signs to confirm the key',
    description:
      'It names the appointment, its person and role, the key and its number, his own appointment and key, the environment and the log. The fingerprint in it is the one that the officer has shown to him.',
    answer: toConfirm,
    read: async ({ request, params: { id } }) => {
      const own = await services.load(appointment, id)
      const isKnown = own.state.status !== 'unknown'
      const look = {
        ...{ command: 'confirmationStatement' },
        ...(isKnown ? { stream: `appointment-${id}` } : {}),
      }
      const by = await api.who.actor(request, ['securityOfficer'], look)
      if (!isKnown) return notFound()
      const { confirmerAppointment = '' } = await confirmerOf(services, by)
      const named = confirmerAppointment === '' ? [id] : [id, confirmerAppointment]
      const appointed = await withConfirmers(foldOf(services), named)
      const asked = { by, at: services.now(), confirmerAppointment }
      const found = confirmationFor(services.policy, { id, held: own.state, appointed }, asked)
      if ('refused' in found) {
        await api.journal.refusal(by, found.refused, look)
        throw refused(found.refused)
      }
      if ('accepted' in found) return notFound()
      await api.journal.consultation(by, { screen: 'confirmationStatement', streams: [`appointment-${id}`] })
      const { text, about: of, confirmer } = found
      return { id, keySha256: of.keySha256, confirmer, text }
    },
  })
}
