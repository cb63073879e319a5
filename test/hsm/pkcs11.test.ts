// Custody on PKCS#11 tokens, each behind a process of its own; SoftHSM2 is the module.
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openPkcs11Keys, type Pkcs11Keys } from '../../hsm/pkcs11.ts'
import { openTokens, settingsOf, type Tokens } from './tokens.ts'

let tokens: Tokens
let keys: Pkcs11Keys
beforeAll(async () => {
  tokens = await openTokens()
  keys = await openPkcs11Keys(settingsOf(tokens))
})
afterAll(async () => {
  await keys.close()
  await tokens.remove()
})

describe('the escrow', () => {
  it('CGU-38, CGU-41: a holder’s key is made in the module, proved, handed over and taken in again', async () => {
    const kek = await keys.escrowKek('escrow-2026')
    const { spki, blob } = await kek.makePair()
    const spkiSha256 = createHash('sha256').update(spki).digest('hex')
    await kek.prove(blob, spkiSha256)
    const pkcs8 = await kek.release(blob, spkiSha256)
    const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    expect(createPublicKey(privateKey).export({ type: 'spki', format: 'der' })).toEqual(spki)
    const again = await kek.adopt({ publicKey: spki, privateKey: pkcs8 })
    expect(await kek.release(again, spkiSha256)).toEqual(pkcs8)
  })
})
