// An approval that its officer has signed, as an event keeps it (docs/adr/0022-dual-control.md).
import { Type } from 'typebox'
import { opened } from './event.ts'
import { id, x } from './fields.ts'
import type { Destroyed } from './kernel.ts'
import type { Role } from './lists.ts'

/** Who approves, and has a key for it: of recoveries (CGU-46), and of destructions (CGU-116). */
export const approverRoles = {
  recovery: ['recoveryOfficer'],
  destruction: ['caOfficer', 'securityOfficer'],
} as const satisfies Record<string, readonly Role[]>

/**
 * Sealed fields of an approval: what its officer has signed (commands/approvalStatement.ts), his signature, and the appointment that his
 * key is registered on.
 */
export const signedFields = {
  signedStatement: Type.Optional(Type.String({ minLength: 1, maxLength: 20_000 })),
  signature: Type.Optional(x),
  appointment: Type.Optional(id),
}

/** What an officer has signed, DER of the signature in base64, and the appointment that names his key. */
export type SignedApproval = Readonly<{ statement: string; signature: string; appointment: string }>

type Kept = Readonly<
  Partial<Record<'signedStatement' | 'signature' | 'appointment', string | Destroyed | undefined>>
>

/** What was signed; undefined where it was nothing, and once the data key has been destroyed. */
export const signedOf = (data: Kept): SignedApproval | undefined => {
  const [statement, signature, appointment] = [
    opened(data.signedStatement),
    opened(data.signature),
    opened(data.appointment),
  ]
  const whole = statement !== undefined && signature !== undefined && appointment !== undefined
  return whole ? { statement, signature, appointment } : undefined
}
