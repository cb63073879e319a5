// Custody behind a socket, in a temporary directory, quick: served by this process, so that a test sees both ends.
import { join } from 'node:path'
import { readConfig } from '../../cli/config.ts'
import { openHeldCustody } from '../../cli/parts.ts'
import type { Custody, HeldCustody } from '../../hsm/custody.ts'
import { openSignerCustody, type SignerCustodyParts } from '../../hsm/signer/client.ts'
import { serveCustody, type ServeOptions, type SignerServer } from '../../hsm/signer/server.ts'
import { holderKeys, transportPair } from '../support/holderKeys.ts'
import { removeDirectory, temporaryDirectory } from './custody.ts'

export type SignerPlace = Readonly<{
  directory: string
  socket: string
  held: () => HeldCustody
  server: () => SignerServer
  /** Ends it, as a graceful stop does, and starts another one on the same directory. */
  restart: () => Promise<void>
  stop: () => Promise<void>
  start: () => Promise<void>
  /** A client of its own; it is closed with the place. */
  client: (parts?: Partial<SignerCustodyParts>) => Promise<Custody>
  remove: () => Promise<void>
}>

/** @param over what is served in the place of the custody that was opened */
export const openSignerPlace = async (
  options: Partial<ServeOptions> = {},
  over: (held: HeldCustody) => HeldCustody = (held) => held,
): Promise<SignerPlace> => {
  const directory = await temporaryDirectory()
  const socket = join(directory, 'signer', 'custody.sock')
  const config = readConfig({ DATA_DIR: directory })
  const { environment } = config.policy
  const clock = (): Date => new Date('2026-03-02T09:00:00Z')
  const clients: Custody[] = []
  let running: Readonly<{ held: HeldCustody; server: SignerServer }> | undefined
  const start = async (): Promise<void> => {
    const source = holderKeys(async () => (await running?.held.vault.escrow.inventory()) ?? [])
    const held = await openHeldCustody(config, { clock, cost: 2, holderKeys: source, transportPair })
    const server = await serveCustody(over(held), {
      socket,
      environment,
      leaseMs: 300,
      answerMs: 60_000,
      ...options,
    })
    running = { held, server }
  }
  const stop = async (): Promise<void> => {
    await running?.server.stop()
    await running?.held.close()
    running = undefined
  }
  await start()
  const present = () => {
    if (running === undefined) throw new Error('no signer runs')
    return running
  }
  return {
    ...{ directory, socket, start, stop },
    held: () => present().held,
    server: () => present().server,
    restart: async () => {
      await stop()
      await start()
    },
    client: async (parts = {}) => {
      const client = await openSignerCustody({ socket, environment, ...parts })
      clients.push(client)
      return client
    },
    remove: async () => {
      await Promise.all(clients.map((client) => client.close()))
      await stop()
      await removeDirectory(directory)
    },
  }
}
