// What the routes of appointments take and answer.
import { Type } from 'typebox'
import { documentKind, endCause, identityMethod, means, power, role } from '../domain/lists.ts'
import { mandates, posts } from '../domain/policy/posts.ts'
import { pageQuery } from './page.ts'
import { closed, code, d, email, h, id, name, note, orNull } from './schemas.ts'

const optional = Type.Optional

export const proposal = closed(
  {
    role: Type.Enum([...mandates, ...posts]),
    person: id,
    entity: optional(id),
    ra: optional(code),
    powers: optional(Type.Array(power, { uniqueItems: true })),
    fromOn: d,
    untilOn: d,
    mandateSignedOn: optional(d),
    surname: name,
    givenNames: name,
    email,
    matricule: optional(Type.String({ minLength: 1, maxLength: 32 })),
    mandate: note,
  },
  {
    examples: [
      {
        role: 'mc',
        person: '5d0f7c1e-0000-4000-8000-000000000001',
        entity: '5d0f7c1e-0000-4000-8000-000000000002',
        powers: ['request', 'verifyIdentity', 'revoke'],
        fromOn: '2026-01-01',
        untilOn: '2027-12-31',
        mandateSignedOn: '2025-12-15',
        surname: "L'Hermitte-Noël",
        givenNames: 'Anne-Élise',
        email: 'anne-elise.lhermitte@douane.example',
        matricule: '0001234567',
        mandate: 'mandat signé, réf. 2025-118',
      },
    ],
  },
)

export const check = closed(
  {
    method: identityMethod,
    documentKind: optional(documentKind),
    documentNumber: optional(note),
    documentScan: optional(note),
  },
  { examples: [{ method: 'inPerson', documentKind: 'passport', documentNumber: '12AB34567' }] },
)

export const acceptance = closed(
  { undertakingSha256: h, means, signature: optional(note) },
  { examples: [{ undertakingSha256: 'a'.repeat(64), means: 'portal' }] },
)

export const end = closed(
  { cause: endCause, effectiveOn: d, note: optional(note) },
  { examples: [{ cause: 'departure', effectiveOn: '2026-06-30' }] },
)

const status = Type.Enum(['proposed', 'checked', 'inForce', 'ended'])

export const answer = Type.Object({
  id,
  stream: Type.String(),
  revision: Type.Integer(),
  status,
  role,
  entity: orNull(id),
  person: orNull(id),
  powers: Type.Array(power),
  fromOn: d,
  untilOn: d,
  lastDay: Type.String({ description: 'The last day on which it acts, as far as is recorded.' }),
  acts: Type.Boolean({
    description: 'Whether it acts now: accepted, between its dates, its entity verified.',
  }),
  approvalKey: orNull({ ...h, description: 'Fingerprint of the key that approvals are verified by.' }),
  approvalKeyCounts: Type.Boolean({
    description:
      'Whether approvals by it count: its confirmation was verified now, up to a key that the policy names. Otherwise it has to be confirmed again, signed.',
  }),
  keyOffered: orNull({ ...h, description: 'Fingerprint of the key that waits for its confirmation.' }),
})

export const listQuery = { entity: optional(id), role: optional(role), ...pageQuery }

export const listAnswer = Type.Object({
  appointments: Type.Array(
    Type.Object({
      id,
      role,
      entity: orNull(id),
      ra: orNull(code),
      status,
      fromOn: d,
      untilOn: d,
      endCause: orNull(endCause),
      effectiveOn: orNull(d),
    }),
  ),
})
