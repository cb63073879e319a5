// What a PKCS#11 module answers when it does not do what it was asked, in few kinds: each says whether another try may help.
import { KeyFault, type KeyFaultCode } from '../keyFault.ts'

/**
 * - `pin`: the PIN was refused; it is not tried again, as a module counts tries.
 * - `lost`: the token is gone, or a key that should be on it.
 * - `foreign`: what is there is another token, or was initialised anew: nothing is done with it until the service starts again.
 * - `session`: a session, a login or a handle is no longer good; after a new login everything is found again.
 * - `device`: the module or what is behind it does not work.
 * - `integrity`: a signature or a key is not what it should be.
 * - `wrapped`: a wrapped key does not open under this KEK.
 * - `otherKey`: a wrapped key opens, and is another one's.
 * - `notAllowed`: the key or the token does not do this.
 * - `stopped`: the signer process ended before it answered.
 * - `waiting`: the module failed a moment ago and is left alone for a while.
 */
export type FaultKind =
  | 'pin'
  | 'lost'
  | 'foreign'
  | 'session'
  | 'device'
  | 'integrity'
  | 'wrapped'
  | 'otherKey'
  | 'notAllowed'
  | 'stopped'
  | 'waiting'

/** What the escrow says of a fault, where it says more than that the module did not do it. */
const codes: Partial<Record<FaultKind, KeyFaultCode>> = {
  wrapped: 'blobOfAnotherVault',
  otherKey: 'keyMismatch',
}

/** The module did not do it. */
export class ModuleFault extends KeyFault {
  readonly kind: FaultKind
  constructor(kind: FaultKind, message: string) {
    super(message, { code: codes[kind] ?? 'custody' })
    this.kind = kind
  }
}

/** Return values of PKCS#11 v2.40 2.1 by kind; whatever is not here is `device`. */
const kinds: Readonly<Record<string, FaultKind>> = {
  CKR_PIN_INCORRECT: 'pin',
  CKR_PIN_LOCKED: 'pin',
  CKR_PIN_EXPIRED: 'pin',
  CKR_PIN_LEN_RANGE: 'pin',
  CKR_PIN_INVALID: 'pin',
  CKR_TOKEN_NOT_PRESENT: 'lost',
  CKR_TOKEN_NOT_RECOGNIZED: 'lost',
  CKR_SESSION_HANDLE_INVALID: 'session',
  CKR_SESSION_CLOSED: 'session',
  CKR_OBJECT_HANDLE_INVALID: 'session',
  CKR_KEY_HANDLE_INVALID: 'session',
  CKR_WRAPPING_KEY_HANDLE_INVALID: 'session',
  CKR_UNWRAPPING_KEY_HANDLE_INVALID: 'session',
  CKR_USER_NOT_LOGGED_IN: 'session',
  CKR_OPERATION_ACTIVE: 'session',
  CKR_OPERATION_NOT_INITIALIZED: 'session',
  CKR_KEY_FUNCTION_NOT_PERMITTED: 'notAllowed',
  CKR_MECHANISM_INVALID: 'notAllowed',
  CKR_KEY_NOT_WRAPPABLE: 'notAllowed',
  CKR_KEY_UNEXTRACTABLE: 'notAllowed',
  CKR_ATTRIBUTE_SENSITIVE: 'notAllowed',
  CKR_ACTION_PROHIBITED: 'notAllowed',
  CKR_WRAPPED_KEY_INVALID: 'wrapped',
  CKR_WRAPPED_KEY_LEN_RANGE: 'wrapped',
  CKR_ENCRYPTED_DATA_INVALID: 'integrity',
  CKR_SIGNATURE_INVALID: 'integrity',
}

/** The return value's name; some calls of the binding throw it inside a plain Error's message (hsm.md 7). */
const nameOf = (error: unknown): string | undefined =>
  error instanceof Error ? /CKR_\w+/.exec(error.message)?.[0] : undefined

/**
 * Whether it is the way to the token that does not work, so that the answer says nothing of what is written on it: another one than
 * CKR_GENERAL_ERROR and the like, which half-written objects give.
 */
export const isOnTheWay = (error: unknown): boolean =>
  /^CKR_((DEVICE|TOKEN|SESSION|USER|CRYPTOKI|HOST|SLOT|OPERATION|FUNCTION)_|(OBJECT|KEY)_HANDLE_INVALID)/.test(
    nameOf(error) ?? '',
  )

/** Whatever a call threw, as a fault that says during which act. */
export const faultOf = (error: unknown, act: string): ModuleFault => {
  if (error instanceof ModuleFault) return error
  // Ours: what was asked for is not done, and the module has nothing to do with it.
  if (error instanceof KeyFault) return new ModuleFault('notAllowed', error.message)
  const name = nameOf(error)
  const kind = name === undefined ? 'device' : (kinds[name] ?? 'device')
  return new ModuleFault(kind, `the module did not ${act}: ${name ?? 'no return value'}`)
}

/** Whether no other try is made with this token while the service runs: somebody has to look. */
export const isFinal = ({ kind }: ModuleFault): boolean => kind === 'pin' || kind === 'foreign'

/** Whether everything opened anew may heal it. */
export const mayHeal = ({ kind }: ModuleFault): boolean =>
  kind === 'session' || kind === 'device' || kind === 'lost'
