// CGU-61 to CGU-75: revocation of a certificate, by whom and through which channel the conditions of use allow.
import { Type } from 'typebox'
import { requestRevocation } from '../commands/revocations.ts'
import { channel, documentKind, revocationCause, signatureForm } from '../domain/lists.ts'
import { commandRoute, type Api } from './routes.ts'
import { bySerial, closed, code, id, name, note, t } from './schemas.ts'
import { serialFrom } from './serial.ts'

const optional = Type.Optional

const revocation = closed(
  {
    holderName: name,
    // Blank is refused with its clause (CGU-72), not by the schema.
    requesterName: Type.String({ maxLength: 200 }),
    channel,
    ra: optional(code),
    signatureForm: optional(signatureForm),
    documentKind: optional(documentKind),
    cause: optional(revocationCause),
    note: optional(note),
    receivedAt: optional(t),
    mandate: optional(id),
  },
  {
    examples: [
      {
        holderName: "Zoë D'Été-Brûlé",
        requesterName: "Zoë D'Été-Brûlé",
        channel: 'portal',
        cause: 'cardLost',
      },
    ],
  },
)

export const revocationRoutes = (api: Api): void => {
  commandRoute(api, {
    url: '/certificates/:serial/revocation',
    summary: 'Revoke a certificate',
    description:
      'Final. Given for a revoked certificate it changes nothing. The cause is optional and is never published.',
    tag: 'certificates',
    clauses: [
      'CGU-61',
      'CGU-62',
      'CGU-63',
      'CGU-65',
      'CGU-66',
      'CGU-67',
      'CGU-68',
      'CGU-71',
      'CGU-72',
      'CGU-73',
      'CGU-74',
      'CGU-75',
    ],
    params: bySerial,
    body: revocation,
    decider: requestRevocation(api.services.policy),
    data: ({ params, body: { signatureForm: form = 'none', receivedAt, ...body }, act }) => ({
      ...body,
      signatureForm: form,
      serial: serialFrom(params.serial),
      revocation: act.id,
      receivedAt: receivedAt ?? act.at,
    }),
  })
}
