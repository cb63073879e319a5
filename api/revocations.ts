// CGU-61 to CGU-75: revocation of a certificate, by whom and through which channel the conditions of use allow. A request that
// has yet to be authenticated is decided by an officer.
import { Type } from 'typebox'
import { requestRevocation, type RequestRevocation } from '../commands/requestRevocation.ts'
import { rejections, rejectRevocation, revokeCertificate, type Rejection } from '../commands/revocations.ts'
import type { Actor } from '../domain/kernel.ts'
import { authentication, channel, documentKind, revocationCause, signatureForm } from '../domain/lists.ts'
import { requesters } from '../domain/policy/revocation.ts'
import { commandRoute, type Api } from './routes.ts'
import { bySerial, closed, code, id, name, note, t } from './schemas.ts'
import { serialFrom } from './serial.ts'

const optional = Type.Optional

/** What a request for revocation says (CGU-71 to CGU-74). */
export const revocationBody = {
  holderName: name,
  // Blank is refused with its clause (CGU-72), not by the schema.
  requesterName: Type.String({ maxLength: 200 }),
  requesterRole: optional(
    Type.Enum([...requesters], {
      description: 'Who asks; an officer records for the holder unless it is said.',
    }),
  ),
  requester: optional(id),
  channel,
  ra: optional(code),
  signatureForm: optional(signatureForm),
  documentKind: optional(documentKind),
  cause: optional(revocationCause),
  note: optional(note),
  form: optional(note),
  receivedAt: optional(t),
  receivedBy: optional(
    Type.Enum(['mc', 'raOfficer', 'caOfficer'], { description: 'Who received it first (CGU-98).' }),
  ),
  mandate: optional(id),
  authentication: optional(authentication),
}

type Body = Readonly<
  Omit<RequestRevocation['data'], 'serial' | 'revocation' | 'receivedAt' | 'signatureForm' | 'locatorGiven'>
> &
  Readonly<{ signatureForm?: 'none' | 'handwritten' | 'electronic'; receivedAt?: string }>

/** The command's data of a body, for one certificate. */
export const revocationOf = (
  serial: string,
  { signatureForm: form = 'none', receivedAt, ...body }: Body,
  act: Readonly<{ id: string; at: string }>,
): RequestRevocation['data'] => ({
  ...body,
  signatureForm: form,
  serial,
  revocation: act.id,
  receivedAt: receivedAt ?? act.at,
})

export const askingClauses = [
  ...(['CGU-61', 'CGU-62', 'CGU-63', 'CGU-64', 'CGU-65', 'CGU-66', 'CGU-67', 'CGU-68'] as const),
  ...(['CGU-71', 'CGU-72', 'CGU-73', 'CGU-74', 'CGU-75', 'CGU-97', 'CGU-98'] as const),
]

const example = {
  holderName: "Zoë D'Été-Brûlé",
  requesterName: "Zoë D'Été-Brûlé",
  channel: 'portal',
  cause: 'cardLost',
}

const tried = { requesterName: '-', signatureForm: 'none', receivedAt: '9999-12-31T23:59:59Z' } as const

/** Each as he asks when he is signed in: the name is that of the certificate that he looks at. */
const trialOf = (serial: string, { role, person }: Actor): RequestRevocation['data'] => {
  const asked = { ...tried, serial, revocation: person }
  if (role === 'holder') return { ...asked, channel: 'portal' }
  const isOfficer = role === 'raOfficer' || role === 'caOfficer'
  return isOfficer ? { ...asked, channel: 'internal', note: '-' } : { ...asked, channel: 'signedIn' }
}

export const revocationRoutes = (api: Api): void => {
  const about = { tag: 'certificates', params: bySerial } as const

  commandRoute(api, {
    ...about,
    url: '/certificates/:serial/revocation',
    summary: 'Revoke a certificate, or record that it is asked for',
    description:
      'Final. Given for a revoked certificate it changes nothing. By call, mail or through an agent it waits until an officer has authenticated it, unless he says how he has. The cause is optional and is never published.',
    clauses: askingClauses,
    body: closed(revocationBody, { examples: [example] }),
    decider: requestRevocation(api.services.policy),
    data: ({ params, body, act }) => revocationOf(serialFrom(params.serial), body as Body, act),
    trial: { on: 'certificate', data: trialOf, underMandate: true },
  })
  commandRoute(api, {
    ...about,
    url: '/certificates/:serial/revocation/authentication',
    summary: 'Say how an open request was authenticated and checked: the certificate is revoked',
    description: 'Where several requests are open, `revocation` says which.',
    clauses: ['CGU-75'],
    body: closed(
      {
        revocation: optional(id),
        authentication: optional(authentication),
        cause: optional(revocationCause),
      },
      { examples: [{ authentication: 'callback' }] },
    ),
    decider: revokeCertificate,
    data: ({ params, body }) => ({ ...body, serial: serialFrom(params.serial), origin: 'request' as const }),
    trial: {
      on: 'certificate',
      data: (serial) => ({ serial, origin: 'request' as const, authentication: 'callback' as const }),
    },
  })
  commandRoute(api, {
    ...about,
    url: '/certificates/:serial/revocation/rejection',
    summary: 'Reject an open request',
    description:
      '`cause` is the refusal that it meets. Where several requests are open, `revocation` says which.',
    clauses: ['CGU-71', 'CGU-73', 'CGU-75'],
    body: closed(
      {
        revocation: optional(id),
        cause: Type.Enum(Object.keys(rejections) as Rejection[]),
        note: optional(note),
      },
      { examples: [{ cause: 'REVOCATION_NOT_AUTHENTICATED' }] },
    ),
    decider: rejectRevocation,
    data: ({ params, body }) => ({ ...body, serial: serialFrom(params.serial) }),
    trial: {
      on: 'certificate',
      data: (serial) => ({ serial, cause: 'REVOCATION_NOT_AUTHENTICATED' as const }),
    },
  })
}
