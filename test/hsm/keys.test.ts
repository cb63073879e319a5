// Custody's ports on both of its adapters: files in software, and PKCS#11 tokens behind signer processes.
import { describe } from 'vitest'
import { openPkcs11Keys } from '../../hsm/pkcs11.ts'
import { escrowContract } from './escrowContract.ts'
import { copyOf, inSoftware, keysContract, type KeysPlace } from './keysContract.ts'
import { openTokens, settingsOf } from './tokens.ts'

const onTokens = async (): Promise<KeysPlace> => {
  const tokens = await openTokens()
  const open = () => openPkcs11Keys(settingsOf(tokens))
  let opened = await open()
  return {
    keys: opened,
    reopen: async () => {
      await opened.close()
      opened = await open()
      return opened
    },
    backup: async () => {
      const putBack = await copyOf(tokens.files)
      return async () => {
        await opened.close()
        await putBack()
        opened = await open()
        return opened
      }
    },
    remove: async () => {
      await opened.close()
      await tokens.remove()
    },
  }
}

describe('keys in software', () => keysContract(inSoftware))
describe('keys on PKCS#11 tokens', () => keysContract(onTokens))
describe('the escrow over keys in software', () => escrowContract(inSoftware))
describe('the escrow over PKCS#11 tokens', () => escrowContract(onTokens))
