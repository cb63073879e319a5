// A client's line to the signer process. While it is down every call fails at once, and what was under way has failed; it comes back by
// itself. Nothing is asked twice by the line: whether to ask again, the caller knows.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { basename, dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openPlace } from '../../host/presence.ts'
import { openChannel, type Channel } from './channel.ts'
import { SignerLost } from './faults.ts'
import type { Hello, Notices, Operation, Operations } from './table.ts'

export type LinkParts = Readonly<{
  socket: string
  /** Told to forget a data key. */
  forget: (keyId: string) => void
  /** Told that the line went down. */
  lost: () => void
  /** Told who answers, each time that the line comes up. @throws what keeps us from working with him */
  greeted: (hello: Hello) => void
  /** How often a signer that owes an answer is asked whether it lives, in milliseconds; it may be silent for twice as long. */
  watchMs?: number
}>

export type Call = <K extends Operation>(
  name: K,
  ...asked: Parameters<Operations[K]>
) => Promise<Awaited<ReturnType<Operations[K]>>>

export type Link = Readonly<{
  /** @throws SignerLost while the line is down; whatever the operation throws */
  call: Call
  /** When the last call was sent, on the clock of `performance.now`, that has been answered on this line; 0: none. */
  heardAt: () => number
  close: () => Promise<void>
}>

type Line = Channel<Operations, Notices> & Readonly<{ watched: Watched }>

const patienceMs = 600_000
const helloMs = 5_000
const firstDelayMs = 50
const longestDelayMs = 2_000

const openSocket = async (path: string): Promise<Socket> => {
  const place = await openPlace(dirname(path))
  const socket = connect(place.addressOf(basename(path)))
  try {
    await once(socket, 'connect')
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    await place.close()
  }
}

const awayAt = (path: string): SignerLost => new SignerLost(`no signer process answers at ${path}`)

type Watched = <T>(call: Promise<T>) => Promise<T>

/** Cuts a line whose other end does not answer any more: it hangs, or was stopped. */
const watchOver = ({ rpc, cut }: Channel<Operations, Notices>, watchMs: number): Watched => {
  let owed = 0
  let isAsked = false
  const look = (): void => {
    if (isAsked) {
      // Still silent once what has come in meanwhile was read: this process may have been the slow one.
      setImmediate(() => {
        if (isAsked) cut()
      })
      return
    }
    isAsked = true
    const heard = (): void => {
      isAsked = false
    }
    rpc.$call('ping').then(heard, heard)
  }
  let timer: NodeJS.Timeout | undefined
  return async (call) => {
    owed += 1
    timer ??= setInterval(look, watchMs).unref()
    try {
      return await call
    } finally {
      owed -= 1
      if (owed === 0) {
        clearInterval(timer)
        timer = undefined
      }
    }
  }
}

/** Connects, and asks who answers. @throws SignerLost; what `greeted` throws */
const openLine = async ({ socket: path, forget, greeted, watchMs = 5_000 }: LinkParts): Promise<Line> => {
  const socket = await openSocket(path).catch(() => {
    throw awayAt(path)
  })
  const notices: Notices = { forget: async (keyId) => forget(keyId) }
  const line = openChannel<Operations, Notices>(socket, notices, patienceMs)
  const silence = setTimeout(line.cut, helloMs)
  try {
    greeted(await line.rpc.$call('hello'))
    return { ...line, watched: watchOver(line, watchMs) }
  } catch (error) {
    line.cut()
    throw error
  } finally {
    clearTimeout(silence)
  }
}

/**
 * Opens the line, and keeps it up.
 * @param startMs how long a signer that is not there yet is waited for
 * @throws SignerLost when it does not come; what `greeted` throws
 */
export const openLink = async (parts: LinkParts, startMs: number): Promise<Link> => {
  const { socket, lost } = parts
  let line: Line | undefined
  let coming: Promise<Line> | undefined
  let why: Error = awayAt(socket)
  let [delay, heardAt, isClosed] = [firstDelayMs, 0, false]
  let again: NodeJS.Timeout | undefined

  const down = (ended: Line): void => {
    if (line !== ended) return
    line = undefined
    heardAt = 0
    why = awayAt(socket)
    lost()
    if (!isClosed) later()
  }
  const come = (): Promise<Line> => {
    coming ??= openLine(parts)
      .then((opened) => {
        line = opened
        delay = firstDelayMs
        void opened.ended.then(() => down(opened))
        return opened
      })
      .catch((error: unknown) => {
        why = error as Error
        throw error
      })
      .finally(() => (coming = undefined))
    return coming
  }
  const later = (): void => {
    again = setTimeout(() => {
      come().catch(() => {
        if (!isClosed) later()
      })
    }, delay).unref()
    delay = Math.min(delay * 2, longestDelayMs)
  }

  const ask = async (name: Operation, asked: Parameters<Operations[Operation]>): Promise<unknown> => {
    const on = line ?? (coming === undefined ? undefined : await coming)
    if (on === undefined || on !== line) throw why
    const sentAt = performance.now()
    const answer: unknown = await on.watched(on.rpc.$call(name, ...asked))
    if (on === line) heardAt = Math.max(heardAt, sentAt)
    return answer
  }

  const until = performance.now() + startMs
  for (;;) {
    try {
      await come()
      break
    } catch (error) {
      if (!(error instanceof SignerLost) || performance.now() >= until) throw error
      await pause(delay)
      delay = Math.min(delay * 2, longestDelayMs)
    }
  }
  return {
    // What answers an operation is what its own line of the table says.
    call: ((name, ...asked) => ask(name, asked)) as Call,
    heardAt: () => heardAt,
    close: async () => {
      isClosed = true
      clearTimeout(again)
      why = new SignerLost('the line to the signer process was closed')
      await coming?.catch(() => undefined)
      line?.end()
      await line?.ended
    },
  }
}
