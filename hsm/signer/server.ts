// The signer process: custody, served to the other processes of the installation over a socket that only their user may use
// (docs/adr/0026). The vault's lock sees to it that there is one.
import { chmod, rm, stat } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { basename, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isShown, openPlace } from '../../host/presence.ts'
import { isOfCard } from '../../pki/cardFault.ts'
import type { HeldCustody } from '../custody.ts'
import { makePrivateDirectory } from '../durable.ts'
import { KeyFault } from '../keyFault.ts'
import { pagesOf, sharedActs } from './acts.ts'
import { openAudience } from './audience.ts'
import { openChannel, type Channel } from './channel.ts'
import { SignerLost } from './faults.ts'
import type { Notices, Operation, Operations } from './table.ts'

export type SignerServer = Readonly<{
  clients: () => number
  /** Takes nothing more, answers what is under way, and lets the clients go. */
  stop: () => Promise<void>
}>

export type ServeOptions = Readonly<{
  /** Where to listen; its directory is made, or has to be its owner's alone. */
  socket: string
  /** The policy's. */
  environment: string
  /** How long a client may use what it keeps without having heard from here, in milliseconds (audience.ts). */
  leaseMs?: number
  /** How long one may take to forget a data key, in milliseconds. */
  answerMs?: number
  /** How long acts under way may take at a stop, in milliseconds. */
  graceMs?: number
  /** Told of an act that failed by nobody's foreseeing: its name, and the kind of the fault. */
  onFault?: (operation: string, kind: string) => void
}>

const patienceMs = 600_000
/** How long a client may take to let go at a stop. */
const endingMs = 2_000

/** @throws KeyFault where others may enter the directory, or somebody answers there */
const clearPlace = async (socket: string): Promise<void> => {
  const directory = dirname(socket)
  await makePrivateDirectory(directory)
  if (((await stat(directory)).mode & 0o077) !== 0)
    throw new KeyFault(
      `${directory}: others can enter it; the socket of the signer has a directory of mode 700`,
    )
  if (await isShown(directory, basename(socket)))
    throw new KeyFault(`another signer process answers at ${socket}; stop it first`)
  // What one that died has left; the vault is ours.
  await rm(socket, { force: true })
}

/** Listens with mode 0600 from the first moment on. */
const listen = async (server: Server, socket: string): Promise<() => Promise<void>> => {
  const place = await openPlace(dirname(socket))
  const mask = process.umask(0o177)
  try {
    server.listen(place.addressOf(basename(socket)))
  } finally {
    process.umask(mask)
  }
  try {
    await once(server, 'listening')
    await chmod(socket, 0o600)
  } catch (error) {
    await place.close()
    throw error
  }
  return place.close
}

/** What nobody foresaw. */
const isBug = (error: unknown): boolean => !(error instanceof KeyFault) && !isOfCard(error)

/** Acts that are counted while they run, and not begun once it stops. */
const openWork = (onFault: (operation: string, kind: string) => void) => {
  const running = new Set<Promise<unknown>>()
  let isStopping = false
  const run = <T>(name: string, act: () => Promise<T>): Promise<T> => {
    if (isStopping) return Promise.reject(new SignerLost('the signer process stops'))
    const work = Promise.resolve().then(act)
    running.add(work)
    const end = (): void => {
      running.delete(work)
    }
    work.then(end, (error: unknown) => {
      end()
      if (isBug(error)) onFault(name, error instanceof Error ? error.name : 'unknown')
    })
    return work
  }
  return {
    watched: (operations: Operations): Operations => {
      const entries = Object.entries(operations) as [Operation, (...asked: unknown[]) => Promise<unknown>][]
      const watched = entries.map(([name, act]) => [
        name,
        (...asked: unknown[]) => run(name, () => act(...asked)),
      ])
      return Object.fromEntries(watched) as Operations
    },
    finish: async (graceMs: number): Promise<void> => {
      isStopping = true
      const late = new AbortController()
      const patience = pause(graceMs, undefined, { signal: late.signal }).catch(() => undefined)
      await Promise.race([Promise.allSettled(running), patience])
      late.abort()
    },
  }
}

/**
 * Serves custody until it is stopped; the custody stays open.
 * @throws KeyFault where the socket is in use, or its directory is open to others
 */
export const serveCustody = async (custody: HeldCustody, options: ServeOptions): Promise<SignerServer> => {
  const { socket, environment, leaseMs = 5_000, answerMs = 5_000 } = options
  const { graceMs = 15_000, onFault = () => undefined } = options
  await clearPlace(socket)
  const audience = openAudience(leaseMs, answerMs)
  const work = openWork(onFault)
  const shared = sharedActs({ custody, environment, leaseMs, forgotten: audience.forgotten })
  const open = new Set<Pick<Channel<Notices, Operations>, 'end' | 'cut'>>()
  const take = (connection: Socket): void => {
    const acts = work.watched({ ...shared, 'escrow.page': pagesOf(custody) })
    const channel = openChannel<Notices, Operations>(connection, acts, patienceMs)
    const { rpc, ended, cut } = channel
    audience.join({ forget: (keyId) => rpc.$call('forget', keyId), ended, cut })
    open.add(channel)
    void ended.then(() => open.delete(channel))
  }
  const server = createServer(take)
  const leave = await listen(server, socket)
  server.on('error', () => undefined)
  return {
    clients: audience.count,
    stop: async () => {
      const closed = once(server, 'close')
      server.close()
      await work.finish(graceMs)
      for (const { end } of open) end()
      const late = setTimeout(() => open.forEach(({ cut }) => cut()), endingMs)
      await closed
      clearTimeout(late)
      await leave()
    },
  }
}
