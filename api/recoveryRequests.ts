// CGU-44 to CGU-48: recovery of an escrowed key on request: asked, approved by two officers, executed, delivered once.
import { Type } from 'typebox'
import { closeRecovery, rejectRecovery } from '../commands/recoveries.ts'
import { requestRecovery, type RequestRecovery } from '../commands/requestRecovery.ts'
import { escrowed } from '../domain/key.ts'
import { refuse, type Actor } from '../domain/kernel.ts'
import { ground, role } from '../domain/lists.ts'
import { recovery, type RecoveryFile } from '../domain/recovery.ts'
import { certificateOf } from '../pki/recipient.ts'
import { approvalRoutes } from './approvals.ts'
import type { Act } from './command.ts'
import { notFound, tag } from './readers.ts'
import { executionRoute } from './recoveryExecution.ts'
import { commandRoute, readRoute, type Api } from './routes.ts'
import { byId, closed, code, id, note, orNull, sn, t } from './schemas.ts'
import { serialFrom } from './serial.ts'

const optional = Type.Optional

const demand = closed(
  {
    serial: Type.String({ minLength: 1, maxLength: 100 }),
    // Blank is refused with its clause (CGU-44), not by the schema.
    name: Type.String({ maxLength: 200, description: 'Name of the holder, as in the certificate.' }),
    requesterRole: optional(role),
    requester: optional({
      ...id,
      description: 'Person number of who asks, where he has one; never the officer’s own.',
    }),
    represents: optional(note),
    mandate: optional(id),
    legalBasis: optional(note),
    ground,
    evidence: note,
    holderNotice: Type.Boolean({ description: 'Whether the holder may be told.' }),
    recipientSerial: optional(
      Type.String({
        maxLength: 100,
        description:
          'Serial number of the requester’s certificate of this authority: the key is enciphered to it.',
      }),
    ),
    recipientCertificate: optional(
      Type.String({
        maxLength: 20_000,
        description: 'Another certificate of the requester, as PEM, or as DER in base64.',
      }),
    ),
  },
  {
    examples: [
      {
        serial: '4f0123456789abcdef0123456789abcd',
        name: "Zoë D'Été-Brûlé",
        ground: 'holderRequest',
        evidence: 'carte perdue, déclaration 2026-17',
        holderNotice: true,
      },
    ],
  },
)

/** The DER of a certificate that was given. */
const recipientOf = async (given: string | undefined, act: Act) => {
  if (given === undefined) return {}
  const der = certificateOf(given)
  if (der !== undefined) return { recipientCertificate: Buffer.from(der).toString('base64') }
  return act.refuse(
    { code: 'RECIPIENT_CERTIFICATE_UNUSABLE', clause: 'CGU-46', detail: 'unreadable' },
    { command: requestRecovery.type },
  )
}

const rejection = closed({ cause: code, note: optional(note) }, { examples: [{ cause: 'evidence-missing' }] })

const status = Type.Enum(['requested', 'rejected', 'closed', 'delivered'])
const answer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status,
  serial: sn,
  requester: orNull(id),
  recipient: orNull(id),
  output: Type.String({ description: '`cms`: enciphered to a certificate; `pkcs12`: under a passphrase.' }),
  approvals: Type.Array(Type.Object({ approver: orNull(id), expiresAt: t })),
})

const body = (file: RecoveryFile) => ({
  status: file.status,
  serial: file.serial,
  requester: file.requester ?? null,
  recipient: file.recipient ?? null,
  output: file.output,
  approvals: file.approvals.map(({ approver, expiresAt }) => ({ approver: approver ?? null, expiresAt })),
})

/** For the action that a certificate shows: the holder is named as the escrow names him, and what would be rejected at once is refused. */
const asKept: typeof requestRecovery = {
  ...requestRecovery,
  decide: (command, state, subject) => {
    const nameGiven = escrowed(subject.key)?.holderName ?? '-'
    const outcome = requestRecovery.decide(
      { ...command, data: { ...command.data, nameGiven } },
      state,
      subject,
    )
    if ('refused' in outcome || !outcome.accepted.some(({ type }) => type === 'RecoveryRejected'))
      return outcome
    // A key that was never escrowed, or whose holder nobody knows any more, is matched by no name.
    return escrowed(subject.key)?.holderName === undefined
      ? refuse('CGU-44', 'IDENTIFIER_MISMATCH', 'name')
      : refuse('CGU-48', 'ESCROW_TERM_ENDED', 'escrow')
  },
}

/** A holder asks for himself; an officer, as here, for an authority. */
const triedBy = (
  { role: by, person }: Actor,
  recoveryId: string,
  serial: string,
): RequestRecovery['data'] => {
  const asked = { recovery: recoveryId, serial, nameGiven: '-', evidence: '-' }
  return by === 'holder'
    ? { ...asked, requester: person, requesterRole: by, ground: 'holderRequest', holderNotice: true }
    : {
        ...{
          ...asked,
          requester: recoveryId,
          requesterRole: 'legalAuthority',
          ground: 'judicial',
          holderNotice: true,
        },
        ...{ represents: '-', legalBasis: '-' },
      }
}

export const recoveryRoutes = (api: Api): void => {
  const { services } = api
  const { load } = services
  const about = { tag: 'recovery-requests', params: byId } as const

  const demanding = { url: '/recovery-requests', summary: 'Ask for the recovery of an escrowed key' } as const
  api.actions.list(demanding, {
    ...{ on: 'certificate', decider: asKept },
    data: (serial, by) => triedBy(by, services.newId(), serial),
  })
  commandRoute(api, {
    ...demanding,
    description:
      'A name that is not the holder’s, or an escrow that has ended, is recorded and rejected at once: see `status`.',
    tag: 'recovery-requests',
    clauses: ['CGU-44', 'CGU-46', 'CGU-47', 'CGU-48'],
    body: demand,
    created: true,
    extra: { status },
    decider: requestRecovery,
    data: async ({ body: { serial, name: nameGiven, requesterRole, requester, ...asked }, act }) => ({
      ...asked,
      ...(asked.recipientSerial === undefined ? {} : { recipientSerial: serialFrom(asked.recipientSerial) }),
      ...(await recipientOf(asked.recipientCertificate, act)),
      nameGiven,
      recovery: act.id,
      serial: serialFrom(serial),
      requesterRole: requesterRole ?? 'holder',
      // Whoever has no number here, as an authority, is given one for this request.
      requester: requester ?? (act.actor.role === 'holder' ? act.actor.person : services.newId()),
    }),
    more: async (_, { stream }) => {
      const { state } = await load(recovery, stream.slice(stream.indexOf('-') + 1))
      return { status: state.status }
    },
  })
  approvalRoutes(api)
  commandRoute(api, {
    ...about,
    url: '/recovery-requests/:id/rejection',
    summary: 'Reject the recovery',
    description: 'Executed before, what awaits delivery is removed.',
    clauses: ['CGU-46'],
    body: rejection,
    decider: rejectRecovery,
    data: ({ params, body: rejected }) => ({ recovery: params.id, ...rejected }),
    more: async ({ params }) => {
      await services.recovery.discard(params.id)
      return {}
    },
    trial: { on: 'recovery', data: (recoveryId) => ({ recovery: recoveryId, cause: '-' }) },
  })
  commandRoute(api, {
    ...about,
    url: '/recovery-requests/:id/withdrawal',
    summary: 'Withdraw the request',
    description:
      'By its holder, or by an officer for whoever asked. Executed before, what awaits delivery is removed.',
    clauses: ['CGU-46', 'CGU-47'],
    decider: closeRecovery,
    data: ({ params }) => ({ recovery: params.id, cause: 'withdrawn' as const }),
    more: async ({ params }) => {
      await services.recovery.discard(params.id)
      return {}
    },
    trial: { on: 'recovery', data: (recoveryId) => ({ recovery: recoveryId, cause: 'withdrawn' as const }) },
  })
  executionRoute(api)

  readRoute(api, {
    ...about,
    url: '/recovery-requests/:id',
    summary: 'A recovery request',
    clauses: ['CGU-44', 'CGU-46'],
    answer,
    actionsOf: { kind: 'recovery', id: (params) => params.id },
    read: async ({ request, reply, params }) => {
      const { state, revision } = await load(recovery, params.id)
      const stream = `recovery-${params.id}`
      const known = state.status === 'unknown' ? undefined : state
      await api.readers.consult(
        request,
        { person: known?.requester },
        { screen: 'recovery', streams: known === undefined ? [] : [stream] },
      )
      if (known === undefined) return notFound()
      tag(reply, revision)
      return { id: params.id, stream, revision, ...body(known) }
    },
  })
}
