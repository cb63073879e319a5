// What custody promises, whoever keeps the keys: run on software files and on PKCS#11 tokens alike (keys.test.ts).
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  verify,
} from 'node:crypto'
import { cp, rename } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KeyFault } from '../../hsm/keyFault.ts'
import { openSoftwareKeys } from '../../hsm/software.ts'
import type { WrappingKeys } from '../../hsm/wrapping.ts'
import type { ServiceKeys } from '../../pki/custody.ts'
import { openReaders, type Readers } from '../pki/readers.ts'
import { holderKeys } from '../support/holderKeys.ts'
import { removeDirectory, sha256, temporaryDirectory } from './custody.ts'

export type Keys = ServiceKeys & WrappingKeys

/** An adapter with keys of one test's own, which can be closed and opened again as it was left. */
export type KeysPlace = Readonly<{
  keys: Keys
  reopen: () => Promise<Keys>
  /** A copy of where the keys lie. @returns gives it back, and opens the keys on it */
  backup: () => Promise<() => Promise<Keys>>
  remove: () => Promise<void>
}>

/** Copies a directory. @returns puts the copy in its place */
export const copyOf = async (directory: string): Promise<() => Promise<void>> => {
  await cp(directory, `${directory}.backup`, { recursive: true })
  return async () => {
    await removeDirectory(directory)
    await rename(`${directory}.backup`, directory)
  }
}

export const inSoftware = async (): Promise<KeysPlace> => {
  const [directory, master] = [await temporaryDirectory(), randomBytes(32)]
  let opened = await openSoftwareKeys({ directory, master })
  // Closed first: what was reserved of the count of signatures is given back.
  const reopen = async (meanwhile: () => Promise<void> = async () => undefined): Promise<Keys> => {
    await opened.close()
    await meanwhile()
    opened = await openSoftwareKeys({ directory, master })
    return opened
  }
  const backup = async () => {
    const putBack = await copyOf(directory)
    return () => reopen(putBack)
  }
  const remove = async () => {
    await opened.close()
    await removeDirectory(directory)
  }
  return { keys: opened, reopen, backup, remove }
}

const tbs = Buffer.from('to be signed')
const pkcs8Of = (bytes: Uint8Array) =>
  createPrivateKey({ key: Buffer.from(bytes), format: 'der', type: 'pkcs8' })

/** Each of the ways in which a blob can be another than it was. */
export const spoilt: readonly (readonly [string, (blob: Buffer) => Buffer])[] = [
  ['with an octet changed', (blob) => changed(blob, blob.length >> 1)],
  ['with its integrity check changed', (blob) => changed(blob, 0)],
  ['without its end', (blob) => blob.subarray(0, -8)],
  ['cut in the middle of a block', (blob) => blob.subarray(0, -3)],
  ['cut to one block', (blob) => blob.subarray(0, 16)],
  ['with octets behind it', (blob) => Buffer.concat([blob, Buffer.alloc(8)])],
]

const changed = (blob: Buffer, at: number): Buffer => {
  const copy = Buffer.from(blob)
  copy[at]! ^= 1
  return copy
}

type Place = Readonly<{ keys: ServiceKeys; reopen: () => Promise<ServiceKeys>; remove: () => Promise<void> }>
type At = Readonly<{ keys: () => ServiceKeys; reopen: () => Promise<void>; readers: () => Readers }>

const serviceKeys = (at: At): void => {
  describe('service keys', () => {
    const opensslVerifies = async (
      digest: string,
      spki: Uint8Array,
      signature: Uint8Array,
    ): Promise<string> => {
      const [key, sig] = [at.readers().file('spki.der', spki), at.readers().file('signature', signature)]
      const tested = ['-verify', key, '-signature', sig, at.readers().file('tbs', tbs)]
      return at.readers().run('openssl', 'dgst', `-${digest}`, '-keyform', 'DER', ...tested)
    }

    type Made = Awaited<ReturnType<ServiceKeys['generate']>>
    const found: { key: Parameters<ServiceKeys['generate']>[0]; made: Made; digest: string }[] = []

    it.each([
      ['rsa3072', 'sha256WithRSA', 'sha256', '00000000-0000-4000-8000-000000003072'],
      ['rsa4096', 'sha384WithRSA', 'sha384', '00000000-0000-4000-8000-000000004096'],
      ['ecP256', 'ecdsaWithSHA256', 'sha256', '00000000-0000-4000-8000-000000000256'],
      ['ecP384', 'ecdsaWithSHA384', 'sha384', '00000000-0000-4000-8000-000000000384'],
    ] as const)(
      'regulation 2.6: %s is made once, found again, and signs %s for OpenSSL',
      async (algorithm, signs, digest, id) => {
        const key = { id, purpose: 'ca', algorithm }
        const [made, again] = await Promise.all([at.keys().generate(key), at.keys().generate(key)])
        expect(again).toEqual(made)
        const signer = await at.keys().signer(id)
        expect([signer.algorithm, Buffer.from(signer.spki)]).toEqual([signs, Buffer.from(made.spki)])
        expect(await opensslVerifies(digest, made.spki, await signer.sign(tbs))).toContain('Verified OK')
        found.push({ key, made, digest })
      },
    )

    it('every one of them is found again, and signs, after everything was closed', async () => {
      await at.reopen()
      expect(found).toHaveLength(4)
      for (const { key, made, digest } of found) {
        const signer = await at.keys().signer(key.id)
        expect(await opensslVerifies(digest, made.spki, await signer.sign(tbs))).toContain('Verified OK')
        expect(await at.keys().generate(key)).toEqual(made)
      }
      // RGS A2 V.4: one before it was closed, and one since; what it tries its keys with does not leave it, and is not counted.
      const counts = await at.keys().signatures()
      for (const { key } of found) expect(counts[key.id]).toEqual({ signatures: 2, uncertain: 0 })
    })

    it('what is signed is what was given, whatever happens to those octets meanwhile', async () => {
      const id = '00000000-0000-4000-8000-00000000c0de'
      await at.keys().generate({ id, purpose: 'ocsp', algorithm: 'ecP256' })
      const signer = await at.keys().signer(id)
      const bytes = Buffer.from(tbs)
      const signing = signer.sign(bytes)
      bytes.fill(0)
      const key = createPublicKey({ key: Buffer.from(signer.spki), type: 'spki', format: 'der' })
      expect(verify('sha256', tbs, key, await signing)).toBe(true)
    })

    it('CGU-90: a key that was destroyed signs no more, nor does a signer of before, and nobody can describe it', async () => {
      const key = {
        id: '00000000-0000-4000-8000-00000000d00d',
        purpose: 'ocsp',
        algorithm: 'ecP256',
      } as const
      const made = await at.keys().generate(key)
      expect(await at.keys().describe(key.id)).toEqual(made)
      const signer = await at.keys().signer(key.id)
      expect(await signer.sign(tbs)).toBeDefined()
      const first = await at.keys().destroy(key.id)
      expect(first.failedUseCode).toMatch(/^[A-Z_]+$/)
      expect((await at.keys().destroy(key.id)).failedUseCode).toBe(first.failedUseCode)
      await expect(signer.sign(tbs)).rejects.toThrow(KeyFault)
      await expect(at.keys().signer(key.id)).rejects.toThrow(KeyFault)
      await expect(at.keys().describe(key.id)).rejects.toThrow(KeyFault)
    })

    it('an id that is taken for another algorithm, unknown, or for no key pair, is refused', async () => {
      const key = { id: '00000000-0000-4000-8000-00000000face', purpose: 'ca' }
      await at.keys().generate({ ...key, algorithm: 'ecP256' })
      await expect(at.keys().generate({ ...key, algorithm: 'ecP384' })).rejects.toThrow(KeyFault)
      await expect(
        at.keys().generate({ ...key, id: key.id.replace('f', 'e'), algorithm: 'aes256' }),
      ).rejects.toThrow(KeyFault)
      await expect(at.keys().signer('00000000-0000-4000-8000-00000000dead')).rejects.toThrow(KeyFault)
      expect(await (await at.keys().signer(key.id)).sign(tbs)).toBeDefined()
    })
  })
}

/** The part of it that every process of an installation has, also one that asks a signer process (signerContract.test.ts). */
export const serviceKeysContract = (open: () => Promise<Place>): void => {
  let place: Place
  let keys: ServiceKeys
  let readers: Readers
  beforeAll(async () => {
    readers = openReaders()
    place = await open()
    keys = place.keys
  })
  afterAll(async () => {
    readers.close()
    await place.remove()
  })
  serviceKeys({
    keys: () => keys,
    readers: () => readers,
    reopen: async () => {
      keys = await place.reopen()
    },
  })
}

export const keysContract = (open: () => Promise<KeysPlace>): void => {
  let place: KeysPlace
  let keys: Keys
  let readers: Readers
  const reopen = async (): Promise<void> => {
    keys = await place.reopen()
  }
  beforeAll(async () => {
    readers = openReaders()
    place = await open()
    keys = place.keys
  })
  afterAll(async () => {
    readers.close()
    await place.remove()
  })

  serviceKeys({ keys: () => keys, readers: () => readers, reopen })

  describe('wrapping keys', () => {
    it('RFC 5649: a KEK is one a label, has one use, wraps whole blocks, and refuses what is not its own', async () => {
      const kek = await keys.kek('data-rec-2026')
      const other = await keys.kek('data-reg-2026')
      const same = await Promise.all([keys.escrowKek('escrow-2027'), keys.escrowKek('escrow-2027')])
      expect(same[0].id).toBe(same[1].id)
      expect(new Set([kek.id, other.id, same[0].id]).size).toBe(3)
      const blobs: (readonly [Buffer, Buffer])[] = []
      for (const length of [16, 32, 1792]) {
        const clear = randomBytes(length)
        const blob = await (await keys.kek('data-rec-2026')).wrap(clear)
        await expect(other.unwrap(blob)).rejects.toThrow(KeyFault)
        expect(await (await keys.kekById(kek.id)).unwrap(blob)).toEqual(clear)
        for (const [how, spoil] of spoilt)
          await expect(kek.unwrap(spoil(blob)), how).rejects.toThrow(KeyFault)
        blobs.push([blob, clear])
      }
      await reopen()
      for (const [blob, clear] of blobs)
        expect(await (await keys.kekById(kek.id)).unwrap(blob)).toEqual(clear)
      await expect(keys.kek('escrow-2027')).rejects.toThrow(KeyFault)
      await expect(keys.escrowKek('data-rec-2026')).rejects.toThrow(KeyFault)
      await expect(keys.kekById(same[0].id)).rejects.toThrow(KeyFault)
      await expect(keys.escrowKekById(kek.id)).rejects.toThrow(KeyFault)
      await expect(keys.kekById('00000000-0000-4000-8000-00000000dead')).rejects.toThrow(KeyFault)
    })

    it('CGU-38, CGU-41: a holder’s key is made, proved, handed over, taken in, and is nobody else’s', async () => {
      const made = await keys.escrowKek('escrow-2026')
      const { spki, blob } = await made.makePair()
      const pair = await holderKeys()()
      const adopted = await made.adopt(pair)
      await reopen()
      const kek = await keys.escrowKekById(made.id)
      await kek.prove(blob, sha256(spki))
      await kek.prove(adopted, sha256(pair.publicKey))
      const pkcs8 = await kek.release(blob, sha256(spki))
      expect(createPublicKey(pkcs8Of(pkcs8)).export({ type: 'spki', format: 'der' })).toEqual(spki)
      expect(pkcs8Of(pkcs8).asymmetricKeyDetails?.modulusLength).toBe(3072)
      const back = await kek.release(adopted, sha256(pair.publicKey))
      expect(pkcs8Of(back).equals(pkcs8Of(pair.privateKey))).toBe(true)
      expect(
        await kek.release(await kek.adopt({ publicKey: spki, privateKey: pkcs8 }), sha256(spki)),
      ).toEqual(pkcs8)

      const foreign = await keys.escrowKek('escrow-2028')
      for (const act of ['prove', 'release'] as const) {
        await expect(kek[act](adopted, sha256(spki))).rejects.toThrow(KeyFault)
        await expect(kek[act](blob, sha256(pair.publicKey))).rejects.toThrow(KeyFault)
        await expect(foreign[act](blob, sha256(spki))).rejects.toThrow(KeyFault)
        for (const [how, spoil] of spoilt)
          await expect(kek[act](spoil(blob), sha256(spki)), how).rejects.toThrow(KeyFault)
      }
      await kek.prove(blob, sha256(spki))
    })

    it('CGU-82: for a successor each key goes out under his key alone; OpenSSL opens it, and what does not hold is named', async () => {
      const kek = await keys.escrowKek('escrow-2026')
      const { spki, blob } = await kek.makePair()
      const whole = { kek: kek.id, blob, spkiSha256: sha256(spki) }
      const [pair, weak] = [3072, 2048].map((modulusLength) => generateKeyPairSync('rsa', { modulusLength }))
      const publicOf = (made = pair) => made!.publicKey.export({ type: 'spki', format: 'der' })
      const asked = {
        label: 'part 1',
        keys: [whole, { ...whole, blob: changed(blob, 9) }, { ...whole, spkiSha256: 'a'.repeat(64) }],
      }
      await expect(keys.sendTo({ ...asked, successor: publicOf(weak) })).rejects.toThrow(/2048 bits/)
      const sent = await keys.sendTo({ ...asked, successor: publicOf() })
      expect(sent.keys.slice(1)).toEqual([{ refused: 'blobOfAnotherVault' }, { refused: 'keyMismatch' }])
      const [first] = sent.keys
      const files = [
        readers.file('successor.pem', pair!.privateKey.export({ type: 'pkcs8', format: 'pem' })),
        readers.file('transport', sent.transport),
        readers.file('sent', first !== undefined && 'blob' in first ? first.blob : ''),
      ] as const
      const oaep = ['-pkeyopt', 'rsa_padding_mode:oaep', '-pkeyopt', 'rsa_oaep_md:sha256']
      const [own, transport, wrapped] = files
      await readers.run(
        'openssl',
        'pkeyutl',
        '-decrypt',
        '-inkey',
        own,
        '-in',
        transport,
        '-out',
        'aes',
        ...oaep,
      )
      const aes = Buffer.from(readers.read('aes'))
      const unwrap = ['-d', '-id-aes256-wrap-pad', '-K', aes.toString('hex'), '-iv', 'A65959A6']
      await readers.run('openssl', 'enc', ...unwrap, '-in', wrapped, '-out', 'key.der')
      await readers.run(
        'openssl',
        'pkey',
        '-inform',
        'DER',
        '-in',
        'key.der',
        '-pubout',
        '-outform',
        'DER',
        '-out',
        'pub',
      )
      expect(sha256(readers.read('pub'))).toBe(whole.spkiSha256)
      const proof = createHmac('sha256', aes).update('part 1').digest()
      expect(sha256(proof)).toBe(sent.proofSha256)
      await kek.prove(blob, whole.spkiSha256)
    })

    it('a MAC key is one a label, and stays the same', async () => {
      const [mac, record] = [await keys.mac('labelled'), await keys.recordMac('labelled-records')]
      const before = [mac.compute('a'), await record.compute('a')]
      const key = await keys.recordKey('records-test')
      expect(await keys.recordKey('records-other')).not.toEqual(key)
      await reopen()
      const [again, recordAgain] = [await keys.mac('labelled'), await keys.recordMac('labelled-records')]
      expect([again.id, recordAgain.id]).toEqual([mac.id, record.id])
      expect([again.compute('a'), await recordAgain.compute('a')]).toEqual(before)
      expect(before.map((octets) => octets.length)).toEqual([32, 32])
      const others = [
        again.compute('b'),
        await recordAgain.compute('b'),
        (await keys.mac('another')).compute('a'),
      ]
      const all = [...before, ...others, await (await keys.recordMac('other-records')).compute('a')]
      expect(new Set(all.map((octets) => octets.toString('hex'))).size).toBe(all.length)
      expect(await keys.recordKey('records-test')).toEqual(key)
      expect(key).toHaveLength(32)
    })
  })
}
