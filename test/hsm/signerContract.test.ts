// What custody promises, asked over the socket of a signer process (docs/adr/0026): the same contracts as beside the keys (keys.test.ts).
import { afterAll, describe, expect, vi } from 'vitest'
import type { CustodyEscrow } from '../../hsm/custody.ts'
import { escrowContract } from './escrowContract.ts'
import { inSoftware, serviceKeysContract } from './keysContract.ts'
import { openSignerPlace, type SignerPlace } from './signerPlace.ts'

const overSocket = async () => {
  const place = await openSignerPlace()
  const { keys, keysHealth } = await place.client()
  return {
    keys,
    reopen: async () => {
      await place.restart()
      await vi.waitFor(async () => expect(await keysHealth()).toBe(true), { timeout: 60_000 })
      return keys
    },
    remove: place.remove,
  }
}

let served: CustodyEscrow | undefined
let place: SignerPlace | undefined

/** The escrow that is served now: whichever was opened last. */
const latest = (escrow: CustodyEscrow): CustodyEscrow =>
  Object.fromEntries(
    Object.keys(escrow).map((act) => [
      act,
      (...asked: readonly unknown[]) =>
        ((served ?? escrow)[act as keyof CustodyEscrow] as (...asked: readonly unknown[]) => unknown)(
          ...asked,
        ),
    ]),
  ) as CustodyEscrow

const through = async (escrow: CustodyEscrow): Promise<CustodyEscrow> => {
  served = escrow
  place ??= await openSignerPlace({}, (held) => ({
    ...held,
    vault: { ...held.vault, escrow: latest(held.vault.escrow) },
  }))
  return (await place.client()).vault.escrow
}

describe('keys over the socket of a signer process', () => serviceKeysContract(overSocket))
describe('the escrow over the socket of a signer process', () => {
  escrowContract(inSoftware, undefined, through)
  afterAll(() => place?.remove())
})
