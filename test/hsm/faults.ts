// What the tests of a module's faults share: tokens and clients of one test, and everything that was thrown.
import { fork } from 'node:child_process'
import { createHash, createPublicKey, verify } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openPkcs11Keys, type Pkcs11Keys, type TokenSettings } from '../../hsm/pkcs11.ts'
import { openSignerClient, type ClientParts, type SignerClient } from '../../hsm/pkcs11/client.ts'
import { ModuleFault, type FaultKind } from '../../hsm/pkcs11/fault.ts'
import type { ModuleAct } from './inModule.ts'
import { openTokens, settingsOf, type Tokens } from './tokens.ts'

export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

/** Every fault that a test saw, as a log would have it. */
export const thrown: string[] = []

/** The fault of an act that must not succeed. @throws whatever else it ended with */
export const faultOf = async (act: Promise<unknown>): Promise<ModuleFault> => {
  let result: unknown
  try {
    result = await act
  } catch (error) {
    thrown.push(error instanceof Error ? `${error.name} ${error.message} ${error.stack}` : String(error))
    if (error instanceof ModuleFault) return error
    throw error
  }
  throw new Error(`it was done, with ${JSON.stringify(result)}`)
}
export const kindOf = async (act: Promise<unknown>): Promise<FaultKind> => (await faultOf(act)).kind

export const freshTokens = async (): Promise<Tokens> => {
  const tokens = await openTokens()
  onTestFinished(tokens.remove)
  return tokens
}

/** A client of the token of the authorities, with its canary made. */
export const freshClient = async (
  tokens: Tokens,
  more: Partial<TokenSettings> = {},
  parts: ClientParts = {},
): Promise<SignerClient> => {
  const client = openSignerClient({ ...settingsOf(tokens).ca, ...more }, parts)
  onTestFinished(client.close)
  await client.ask('health', {})
  return client
}

export const freshKeys = async (tokens: Tokens): Promise<Pkcs11Keys> => {
  const keys = await openPkcs11Keys(settingsOf(tokens))
  onTestFinished(keys.close)
  return keys
}

/** One act inside the module, in a process of its own. */
export const inModule = async <T>(settings: TokenSettings, asked: ModuleAct): Promise<T> => {
  const child = fork(join(import.meta.dirname, 'inModule.ts'), { execArgv: ['--import', 'tsx'] })
  child.send({ ...asked, settings })
  const [result] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([status, signal]: unknown[]) => {
      throw new Error(`the process in the module ended: ${String(status ?? signal)}`)
    }),
  ])) as [T & { failed?: string }]
  if (result.failed !== undefined) throw new Error(result.failed)
  return result
}

/** Signs with a client, and lets node:crypto say whether it is a signature. */
export const signsWith = async (
  client: SignerClient,
  id: string,
  spki: Uint8Array,
  text: string,
): Promise<boolean> => {
  const digest = createHash('sha256').update(text).digest()
  const raw = await client.ask('sign', { id, digest, hash: 'sha256' })
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  return verify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, raw)
}

/** Ends a process that a client started, and waits until it is gone. */
export const killAndWait = async (client: Pick<SignerClient, 'pid'>): Promise<void> => {
  const pid = client.pid()!
  process.kill(pid, 'SIGKILL')
  while (client.pid() === pid) await new Promise(setImmediate)
}

/** The folder of a token: where its keys are written. */
export const folderOf = async ({ files }: Tokens, act: () => Promise<unknown>): Promise<string> => {
  const sizes = async (): Promise<ReadonlyMap<string, number>> =>
    new Map(
      await Promise.all(
        (await readdir(files)).map(
          async (name) => [name, (await readdir(join(files, name))).length] as const,
        ),
      ),
    )
  const before = await sizes()
  await act()
  const after = await sizes()
  const [grown] = [...after].filter(([name, size]) => size !== before.get(name))
  return join(files, grown![0])
}
