// Faults that cross from the signer process to its clients, so that a caller does what he would do beside the keys: by their class where
// somebody asks for it, by their name and code everywhere.
import { CardFault, type CardFaultKind } from '../../pki/cardFault.ts'
import { CardUnreachable } from '../../pki/custody.ts'
import { KeyFault, type KeyFaultCode } from '../keyFault.ts'
import { PassphraseFault } from '../passphrase.ts'

/** The signer process is out of reach, or has not answered: whether it has done what it was asked, nobody knows. */
export class SignerLost extends KeyFault {}

export type SentFault = Readonly<{
  kind: 'lost' | 'key' | 'passphrase' | 'unreachable' | 'card' | 'other'
  name: string
  message: string
  code?: string
}>

/** As `CardUnreachable`, under the name that the driver gave it. */
class CardAway extends CardUnreachable {
  override readonly name: string
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

const kinds = [
  ['lost', SignerLost],
  ['key', KeyFault],
  ['passphrase', PassphraseFault],
  ['unreachable', CardUnreachable],
  ['card', CardFault],
] as const

/** What is sent of a fault: no stack, and no cause. */
export const sentOf = (error: unknown): SentFault => {
  const fault = error instanceof Error ? error : new Error(String(error))
  const [kind] = kinds.find(([, type]) => fault instanceof type) ?? ['other' as const]
  const { code } = fault as { code?: unknown }
  return {
    ...{ kind, name: fault.name, message: fault.message },
    ...(typeof code === 'string' ? { code } : {}),
  }
}

const otherFault = ({ name, message, code }: SentFault): Error => {
  const fault = Object.assign(new Error(message), code === undefined ? {} : { code })
  fault.name = name
  return fault
}

/** The fault as the caller would have had it beside the keys. */
export const faultFrom = (sent: SentFault): Error => {
  const { kind, name, message, code } = sent
  switch (kind) {
    case 'lost':
      return new SignerLost(message)
    case 'key':
      return new KeyFault(message, code === undefined ? {} : { code: code as KeyFaultCode })
    case 'passphrase':
      return new PassphraseFault(message)
    case 'unreachable':
      return new CardAway(name, message)
    case 'card':
      return new CardFault(name as CardFaultKind, message)
    case 'other':
      return otherFault(sent)
  }
}
