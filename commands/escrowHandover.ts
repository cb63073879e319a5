// CGU-82: « Le transfert de ses obligations à d’autres parties ». The escrow outlives the authority by ten years: whoever takes that
// obligation over takes the keys with it. Planned before a key goes out, recorded with what went, and done when the successor has shown
// that he opens it. Nothing is taken away from the escrow here.
import { authority, type Authority, type AuthorityEvent, type EscrowTransfer } from '../domain/authority.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { alone, keyHolders, presentAt, type Second } from '../domain/policy/dualControl.ts'
import { foldFinished, unfinished, type Finished } from './endOfLife.ts'

type Data<T extends AuthorityEvent['type']> = Omit<Extract<AuthorityEvent, { type: T }>['data'], 'present'>
type Held<T> = T & { issuer: string; present: string; second?: Second }

export type PlanEscrowTransfer = Command<
  'PlanEscrowTransfer',
  Held<
    Data<'EscrowTransferPlanned'> & {
      /** Number of the authority's last list, as the shell knows it; the ledger says whether it is one. */
      lastCrl: number
      /** Why nothing can be enciphered to the successor's certificate (pki/recipient.ts), if so. */
      certificateFault?: string
    }
  >
>
export type RecordEscrowTransfer = Command<'RecordEscrowTransfer', Held<Data<'EscrowTransferred'>>>
export type RecordEscrowReceipt = Command<'RecordEscrowReceipt', Held<Data<'EscrowReceiptRecorded'>>>

const onAuthority = {
  who: keyHolders,
  aggregate: authority,
  stream: ({ data }: { data: { issuer: string } }) => data.issuer,
}

/** Only at the end of an authority: before it is declared the escrow has nowhere to go. */
const notYet = (state: Authority): Decision<never> | undefined => {
  if (!('ceasesOn' in state)) return refuse('CGU-80', 'END_NOT_DECLARED', state.status)
  if (!('issued' in state)) return refuse('CGU-85', 'CERTIFICATES_STILL_VALID', state.status)
  return state.status === 'emptied' ? undefined : refuse('CGU-82', 'OUT_OF_ORDER', state.status)
}

const escrowOf = (state: Authority): EscrowTransfer | undefined =>
  'escrow' in state ? state.escrow : undefined

/** Another package may follow one that was never confirmed; after the receipt there is none. */
export const planEscrowTransfer: Decider<Authority, PlanEscrowTransfer, AuthorityEvent, Finished> = {
  ...onAuthority,
  type: 'PlanEscrowTransfer',
  facts: (fold, { data }) => foldFinished(fold, data.issuer, data.lastCrl),
  decide: ({ data, by }, state, finished) => {
    const { transfer, certificateSha256, certificateFault, scriptSha256, present, second } = data
    const single = alone(by, second)
    if (single) return single
    if (certificateFault !== undefined)
      return refuse('CGU-82', 'SUCCESSOR_CERTIFICATE_UNUSABLE', certificateFault)
    const held = escrowOf(state)
    if (held?.transfer === transfer && held.certificateSha256 === certificateSha256) return accept()
    const early = notYet(state) ?? unfinished(finished)
    if (early) return early
    if (held?.status === 'received') return refuse('CGU-82', 'OUT_OF_ORDER', held.status)
    const facts = { transfer, certificateSha256, scriptSha256 }
    return accept({
      type: 'EscrowTransferPlanned',
      data: { ...facts, present: presentAt(by, second, present) },
    })
  },
}

export const recordEscrowTransfer: Decider<Authority, RecordEscrowTransfer, AuthorityEvent> = {
  ...onAuthority,
  type: 'RecordEscrowTransfer',
  decide: ({ data: { issuer: _, second, ...data }, by }, state) => {
    const single = alone(by, second)
    if (single) return single
    const held = escrowOf(state)
    const isPlanned = held?.transfer === data.transfer && held.certificateSha256 === data.certificateSha256
    if (held === undefined || !isPlanned)
      return refuse('CGU-82', 'OUT_OF_ORDER', held?.status ?? state.status)
    if (held.status === 'planned')
      return accept({
        type: 'EscrowTransferred',
        data: { ...data, present: presentAt(by, second, data.present) },
      })
    return held.inventorySha256 === data.inventorySha256
      ? accept()
      : refuse('CGU-82', 'PACKAGE_CHANGED', 'inventory')
  },
}

export const recordEscrowReceipt: Decider<Authority, RecordEscrowReceipt, AuthorityEvent> = {
  ...onAuthority,
  type: 'RecordEscrowReceipt',
  decide: ({ data: { issuer: _, second, ...data }, by }, state) => {
    const single = alone(by, second)
    if (single) return single
    const held = escrowOf(state)
    if (held === undefined || held.status === 'planned')
      return refuse('CGU-82', 'ESCROW_NOT_TRANSFERRED', held?.status ?? state.status)
    const { transfer, keys, inventorySha256 } = data
    if (held.transfer !== transfer || held.inventorySha256 !== inventorySha256)
      return refuse('CGU-82', 'RECEIPT_DIFFERS', 'transfer')
    if (held.keys !== keys) return refuse('CGU-82', 'RECEIPT_DIFFERS', 'keys')
    return held.status === 'received'
      ? accept()
      : accept({
          type: 'EscrowReceiptRecorded',
          data: { ...data, present: presentAt(by, second, data.present) },
        })
  },
}
