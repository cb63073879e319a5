// Keys on a token that are not as they should be, and keys that are no more.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { sha256 } from '../../hsm/digest.ts'
import { openSignerClient } from '../../hsm/pkcs11/client.ts'
import type { FaultKind, ModuleFault } from '../../hsm/pkcs11/fault.ts'
import { faultOf, folderOf, freshClient, freshTokens, inModule, kindOf, signsWith, uuid } from './faults.ts'
import { settingsOf } from './tokens.ts'

type Count = Readonly<{ privateKeys: number; publicKeys: number; secretKeys: number }>
const key = { id: uuid(1), label: 'grand-livre ca', algorithm: 'ecP256' } as const

describe('keys of a token', () => {
  it('hsm.md 7: a pair that a killed process left half written, at whatever octet, is swept and made anew', async () => {
    const tokens = await freshTokens()
    const client = await freshClient(tokens)
    const folder = await folderOf(tokens, () => client.ask('generate', key))
    const lengths = [0, 120, 400, -10]
    const pairs = lengths.flatMap((length) => [0, 1].map((half) => ({ length, half })))
    const made: Uint8Array[] = []
    for (const [n, { length, half }] of pairs.entries()) {
      const before = new Set(await readdir(folder))
      made.push((await client.ask('generate', { ...key, id: uuid(10 + n) })).spki)
      const halves = (await readdir(folder)).filter((name) => !before.has(name) && name.endsWith('.object'))
      expect(halves).toHaveLength(2)
      const path = join(folder, halves[half]!)
      await writeFile(path, (await readFile(path)).subarray(0, length))
    }
    await client.close()
    const opened = await freshClient(tokens)
    for (const [n, old] of made.entries()) {
      const asked = { ...key, id: uuid(10 + n) }
      const anew = await opened.ask('generate', asked)
      expect(anew.spki).not.toEqual(old)
      expect(await signsWith(opened, asked.id, anew.spki, 'anew')).toBe(true)
      expect(await opened.ask('generate', asked)).toEqual(anew)
    }
    await opened.close()
    const { privateKeys, publicKeys } = await inModule<Count>(settingsOf(tokens).ca, { act: 'count' })
    expect([privateKeys, publicKeys]).toEqual([pairs.length + 2, pairs.length + 2])
  })

  it('EN 319 411-1 GEN-6.5.1: one that could leave it, be changed or decrypt is refused, and left where it is', async () => {
    const tokens = await freshTokens()
    const flaws = { CKA_EXTRACTABLE: uuid(20), CKA_MODIFIABLE: uuid(21), CKA_DECRYPT: uuid(22) }
    await inModule(settingsOf(tokens).ca, { act: 'plant', flaws })
    const client = await freshClient(tokens)
    for (const [flaw, id] of Object.entries(flaws))
      for (const act of [
        () => client.ask('generate', { ...key, id }),
        () => client.ask('find', { id }),
        () => client.ask('sign', { id, digest: Buffer.alloc(32), hash: 'sha256' }),
      ]) {
        const fault = await faultOf(act())
        expect(fault.kind).toBe('integrity')
        expect(fault.message).toContain(flaw)
      }
    await client.close()
    expect((await inModule<Count>(settingsOf(tokens).ca, { act: 'count' })).privateKeys).toBe(4)
  })
})

describe('secret keys of a token', () => {
  it('CGU-41: one that could leave it, was made elsewhere, or does something else is no KEK and no MAC key, and stays where it is', async () => {
    const tokens = await freshTokens()
    const { escrow } = settingsOf(tokens)
    const value = 'a5'.repeat(32)
    const planted = [
      ['CKA_EXTRACTABLE', { flaws: ['CKA_EXTRACTABLE'] }],
      ['CKA_LOCAL', { flaws: [], value }],
      ['CKA_SENSITIVE', { flaws: ['CKA_SENSITIVE', 'CKA_EXTRACTABLE'] }],
      ['CKA_MODIFIABLE', { flaws: ['CKA_MODIFIABLE'] }],
      ['CKA_DECRYPT', { flaws: ['CKA_DECRYPT'] }],
      ['CKA_ENCRYPT', { flaws: ['CKA_ENCRYPT'] }],
      ['CKA_ALLOWED_MECHANISMS', { flaws: ['CKA_ALLOWED_MECHANISMS'] }],
    ] as const
    const secrets = (['escrowKek', 'dataKek', 'mac'] as const).flatMap((use, i) =>
      planted.slice(0, use === 'escrowKek' ? 7 : 2).map(([flaw, how], k) => ({
        ...{ ...how, flaw, use, id: uuid(100 * (i + 1) + k), label: `planted-${use}-${k}` },
      })),
    )
    await inModule(escrow, { act: 'plantSecrets', secrets })
    const client = openSignerClient(escrow)
    onTestFinished(client.close)
    for (const { flaw, use, id, label } of secrets)
      for (const act of [
        () => client.ask('secret', { label, use }),
        () => client.ask('hasSecret', { id, use }),
      ]) {
        const fault = await faultOf(act())
        expect([label, fault.kind]).toEqual([label, 'integrity'])
        expect(fault.message).toContain(flaw)
        expect(fault.message).not.toContain(value)
      }
    // As the token makes them itself, they are taken, now and later.
    for (const use of ['escrowKek', 'dataKek', 'mac'] as const) {
      const { id, attributes } = await client.ask('secret', { label: `own-${use}`, use })
      const does = use === 'mac' ? 0x251 : escrow.wrapMechanism
      expect(attributes).toMatchObject({
        ...{ CKA_LOCAL: true, CKA_NEVER_EXTRACTABLE: true, CKA_ALWAYS_SENSITIVE: true, CKA_VALUE_LEN: 32 },
        CKA_ALLOWED_MECHANISMS: `0x${does.toString(16)}`,
      })
      expect(await client.ask('hasSecret', { id, use })).toBe(true)
    }
    await client.close()
    expect((await inModule<Count>(escrow, { act: 'count' })).secretKeys).toBe(secrets.length + 3)
  })

  it('CGU-41: that a KEK is gone is shown by what was wrapped under it, and by no other answer than that there is none', async () => {
    const { escrow } = settingsOf(await freshTokens())
    const result = await inModule(escrow, { act: 'undestroyed', label: 'escrow-2026' })
    const gone = expect.stringMatching(/^CKR_\w*HANDLE_INVALID$/) as string
    expect(result).toEqual({
      feigned: 'a KEK that was destroyed still unwraps',
      destroyed: [
        { objects: 1, failedUseCode: gone, sessionsClosed: 4 },
        { objects: 0, failedUseCode: gone, sessionsClosed: 4 },
      ],
    })
  })
})

describe('CGU-90', () => {
  it('a key that was destroyed is found no more, and what was signing with it does not outlive it', async () => {
    const tokens = await freshTokens()
    const result = await inModule(settingsOf(tokens).ca, { act: 'arm', id: key.id })
    const gone = 'CKR_OBJECT_HANDLE_INVALID'
    expect(result).toEqual({
      // The module alone signs with a key that is no more (hsm.md 5).
      byModule: 'CKR_OK',
      byUs: expect.stringMatching(/^CKR_(OPERATION_NOT_INITIALIZED|SESSION_HANDLE_INVALID)$/) as string,
      destruction: { objects: 1, failedUseCode: gone, sessionsClosed: 4 },
      again: { objects: 0, failedUseCode: gone, sessionsClosed: 4 },
      isFound: false,
    })
  })

  it('no signature of a caller that waited is answered once its destruction was', async () => {
    const client = await freshClient(await freshTokens())
    const after: string[] = []
    for (const id of [uuid(1), uuid(2), uuid(3), uuid(4)]) {
      const { spki } = await client.ask('generate', { ...key, id })
      let isDestroyed = false
      let signed = 0
      const signing = async (caller: number): Promise<FaultKind> => {
        for (;;) {
          const asked = { id, digest: Buffer.alloc(32, caller), hash: 'sha256' } as const
          try {
            await client.ask('sign', asked)
          } catch (error) {
            return (error as ModuleFault).kind
          }
          signed += 1
          if (isDestroyed) after.push(id)
        }
      }
      const callers = Array.from({ length: 8 }, (_, caller) => signing(caller))
      while (signed < callers.length) await signsWith(client, id, spki, 'before')
      const { objects, failedUseCode, sessionsClosed } = await client.ask('destroy', { id })
      isDestroyed = true
      expect([objects, failedUseCode, sessionsClosed]).toEqual([1, 'CKR_OBJECT_HANDLE_INVALID', 4])
      for (const kind of await Promise.all(callers)) expect(['lost', 'waiting']).toContain(kind)
    }
    expect(after).toEqual([])
  })

  it('no holder’s key is opened under a KEK once the KEK’s destruction was answered', async () => {
    const client = await freshClient(await freshTokens())
    let proved = 0
    for (const label of ['escrow-2026', 'escrow-2027', 'escrow-2028']) {
      const { id: kek } = await client.ask('secret', { label, use: 'escrowKek' })
      const { spki, blob } = await client.ask('makePair', { kek })
      const held = { kek, blob, spkiSha256: sha256(spki) }
      let [isDestroyed, before] = [false, 0]
      const proving = async (): Promise<FaultKind> => {
        for (;;) {
          try {
            await client.ask('prove', held)
          } catch (error) {
            return (error as ModuleFault).kind
          }
          if (isDestroyed) proved += 1
          before += 1
        }
      }
      const callers = Array.from({ length: 8 }, proving)
      while (before < callers.length) await client.ask('prove', held)
      const { objects, sessionsClosed } = await client.ask('destroySecret', { id: kek, use: 'escrowKek' })
      isDestroyed = true
      expect([objects, sessionsClosed]).toEqual([1, 4])
      for (const kind of await Promise.all(callers)) expect(['lost', 'waiting']).toContain(kind)
    }
    expect(proved).toBe(0)
  })

  it('nobody signs with it, nor is it made again unasked', async () => {
    const client = await freshClient(await freshTokens())
    const { spki } = await client.ask('generate', key)
    expect(await signsWith(client, key.id, spki, 'before')).toBe(true)
    expect((await client.ask('destroy', { id: key.id })).objects).toBe(1)
    expect(await kindOf(signsWith(client, key.id, spki, 'after'))).toBe('lost')
    expect(await client.ask('find', { id: key.id })).toBeUndefined()
    expect(await client.ask('health', {})).toBeDefined()
  })
})

describe('memory', () => {
  it('hsm.md 1.4: every signature verifies while memory is collected all the time', async () => {
    const tokens = await freshTokens()
    const asked = { act: 'collect', id: key.id, count: 256 } as const
    expect(await inModule(settingsOf(tokens).ca, asked)).toEqual({ good: 256 })
  })
})
