// The signer process and its clients (docs/adr/0026), both ends in this process: what crosses, what does not, and what is forgotten.
import { randomUUID } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Custody } from '../../hsm/custody.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import { SignerLost } from '../../hsm/signer/faults.ts'
import { CardUnreachable } from '../../pki/custody.ts'
import { openSignerPlace, type SignerPlace } from './signerPlace.ts'

let place: SignerPlace
let api: Custody
let worker: Custody
beforeAll(async () => {
  place = await openSignerPlace()
  api = await place.client()
  worker = await place.client()
})
afterAll(() => place.remove())

const serial = (n: number): string => `4${String(n).padStart(31, '0')}`

describe('the socket', () => {
  it('RGS A2 XI: is its owner’s alone, and so is its directory', async () => {
    const modes = [await stat(place.socket), await stat(dirname(place.socket))].map(
      ({ mode }) => mode & 0o777,
    )
    expect(modes).toEqual([0o600, 0o700])
  })

  it('a fault crosses with its class, its name and its code', async () => {
    const fault = await worker.vault.escrow.release(serial(99)).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(KeyFault)
    expect(fault).toMatchObject({ name: 'KeyFault', code: 'keyNotHeld' })
    expect(fault).not.toBeInstanceOf(SignerLost)
  })

  it('a key of pseudonyms is handed over, and no other one', async () => {
    const [here, there] = [await place.held().keys.mac('search'), await api.keys.mac('search')]
    expect([there.id, there.compute('word')]).toEqual([here.id, here.compute('word')])
    await expect(api.keys.mac('escrow-records')).rejects.toThrow(KeyFault)
  })
})

describe('CGU-116: data keys', () => {
  it('a key that one client destroys is gone for the other by then, and is not made again', async () => {
    const keyId = `reg_${randomUUID()}`
    const key = await api.vault.dataKeys.obtain(keyId)
    expect(await worker.vault.dataKeys.find(keyId)).toEqual(Buffer.from(key))
    await api.vault.dataKeys.destroy(keyId)
    expect(await worker.vault.dataKeys.find(keyId)).toBeUndefined()
    expect(await worker.vault.dataKeys.isDestroyed(keyId)).toBe(true)
    await expect(worker.vault.dataKeys.obtain(keyId)).rejects.toThrow(KeyFault)
  })
})

describe('two clients at once', () => {
  it('CGU-60: no key of the stock is set aside for two serials, and one serial has one key', async () => {
    await Promise.all([api.vault.escrow.fillStock(3), worker.vault.escrow.fillStock(3)])
    expect((await api.vault.escrow.inventory()).length).toBe(3)
    const [one, other, third] = await Promise.all([
      api.vault.escrow.reserve(serial(1)),
      worker.vault.escrow.reserve(serial(1)),
      worker.vault.escrow.reserve(serial(2)),
    ])
    expect(other).toEqual(one)
    expect(third.spkiSha256).not.toBe(one.spkiSha256)
  })

  it('CGU-114: a person has one journal a quarter, whoever opens it first', async () => {
    const key = { account: 'ae-durand', person: randomUUID(), quarter: '2026-Q1' }
    const set = await Promise.all(
      [api, worker].map(({ vault }) => vault.journals.setJournal(key, randomUUID())),
    )
    expect(new Set(set).size).toBe(1)
    expect(await worker.vault.journals.journalOf(key)).toBe(set[0])
  })
})

describe('a signer that ends and comes back', () => {
  it('what is asked meanwhile fails at once, a card is only not there, and the same handles go on afterwards', async () => {
    const id = randomUUID()
    await api.keys.generate({ id, purpose: 'ocsp', algorithm: 'ecP256' })
    const signer = await api.keys.signer(id)
    await place.stop()
    await expect(signer.sign(Buffer.from('tbs'))).rejects.toThrow(SignerLost)
    await expect(api.cards.read(randomUUID())).rejects.toThrow(CardUnreachable)
    expect(await api.keysHealth()).toMatch(/^no signer process answers/)
    await place.start()
    await expect.poll(() => api.keysHealth()).toBe(true)
    expect(await signer.sign(Buffer.from('tbs'))).toBeDefined()
    expect((await api.keys.signatures())[id]).toEqual({ signatures: 1, uncertain: 0 })
  })
})
