// The signer process and its clients (docs/adr/0026), both ends in this process: what crosses, what does not, and what is forgotten.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Custody, HeldCustody } from '../../hsm/custody.ts'
import { KeyFault } from '../../hsm/keyFault.ts'
import { SignerLost } from '../../hsm/signer/faults.ts'
import { CardUnreachable } from '../../pki/custody.ts'
import { openSignerPlace, type SignerPlace } from './signerPlace.ts'

/** What the signer was asked to find; and what happens between its finding a key and its answer. */
const found: string[] = []
let onFound: () => Promise<void> = async () => undefined
const findOf = async ({ vault }: HeldCustody, keyId: string): Promise<Uint8Array | undefined> => {
  found.push(keyId)
  const key = await vault.dataKeys.find(keyId)
  await onFound()
  return key
}

let place: SignerPlace
let api: Custody
let worker: Custody
beforeAll(async () => {
  place = await openSignerPlace({}, (held) => ({
    ...held,
    vault: { ...held.vault, dataKeys: { ...held.vault.dataKeys, find: (keyId) => findOf(held, keyId) } },
  }))
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

  it('what was found is kept, and not asked for again', async () => {
    const keyId = `reg_${randomUUID()}`
    const key = Buffer.from(await worker.vault.dataKeys.obtain(keyId))
    const before = found.length
    for (let times = 0; times < 5; times += 1) expect(await worker.vault.dataKeys.find(keyId)).toEqual(key)
    expect(found.length).toBe(before)
    expect(await api.vault.dataKeys.find(keyId)).toEqual(key)
    expect(found.length).toBe(before + 1)
  })

  it('a key whose answer a destruction overtakes comes to nobody', async () => {
    const keyId = `reg_${randomUUID()}`
    await api.vault.dataKeys.obtain(keyId)
    let letGo: () => void = () => undefined
    const isFound = new Promise<void>((resolve) => {
      onFound = () => {
        resolve()
        return new Promise<void>((go) => (letGo = go))
      }
    })
    const late = worker.vault.dataKeys.find(keyId)
    await isFound
    onFound = async () => undefined
    await api.vault.dataKeys.destroy(keyId)
    letGo()
    expect(await late).toBeUndefined()
    expect(await worker.vault.dataKeys.find(keyId)).toBeUndefined()
  })

  it('a client that does not answer is cut off, and the destruction comes to its end', async () => {
    const impatient = await openSignerPlace({ answerMs: 100 })
    const mute = connect(impatient.socket).resume()
    await once(mute, 'connect')
    const cut = once(mute, 'close')
    const client = await impatient.client()
    const keyId = `reg_${randomUUID()}`
    // On a busy machine the other one may be late as well: it comes back, and gives it again.
    await vi.waitFor(() => client.vault.dataKeys.destroy(keyId), { timeout: 60_000 })
    await cut
    mute.destroy()
    await impatient.remove()
  })

  it('a client whose line breaks has forgotten everything', async () => {
    const own = await openSignerPlace()
    const { dataKeys } = (await own.client()).vault
    const keyId = `reg_${randomUUID()}`
    await dataKeys.obtain(keyId)
    await own.stop()
    await expect(dataKeys.find(keyId)).rejects.toThrow(SignerLost)
    await own.remove()
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
    await vi.waitFor(async () => expect(await api.keysHealth()).toBe(true), { timeout: 60_000 })
    expect(await signer.sign(Buffer.from('tbs'))).toBeDefined()
    expect((await api.keys.signatures())[id]).toEqual({ signatures: 1, uncertain: 0 })
  })
})
