// One connection between the signer process and a client: calls in both directions (birpc) over frames on a socket.
import type { Socket } from 'node:net'
import { createBirpc, type BirpcReturn } from 'birpc'
import { faultFrom, sentOf, SignerLost, type SentFault } from './faults.ts'
import { frameOf, messageOf, openFrames } from './frames.ts'

type Message = Readonly<{ t: 'q' | 's'; e?: unknown }>

/** Answers that hold a key in clear: overwritten once they are on their way. */
const passing = new WeakSet<Uint8Array>()

/** Marks an answer that nobody here needs any more. */
export const passingOn = <T extends Uint8Array>(secret: T): T => {
  passing.add(secret)
  return secret
}

const written = (message: Message & Readonly<{ r?: unknown }>): Buffer => {
  const frame = frameOf(message.e === undefined ? message : { ...message, e: sentOf(message.e) })
  if (message.r instanceof Uint8Array && passing.has(message.r)) message.r.fill(0)
  return frame
}

const read = (body: Buffer): Message => {
  const message = messageOf(body) as Message
  return message.e === undefined ? message : { ...message, e: faultFrom(message.e as SentFault) }
}

export type Channel<Theirs extends object, Ours extends object> = Readonly<{
  rpc: BirpcReturn<Theirs, Ours, false>
  /** Resolves once the connection has ended, whoever ended it. */
  ended: Promise<void>
  /** Ends it; what is on its way out still goes. */
  end: () => void
  /** Ends it at once. */
  cut: () => void
}>

const ended = (): SignerLost => new SignerLost('the connection to the signer process ended')

/**
 * @param ours what the other side may call: these names, and nothing that an object has besides
 * @param patienceMs how long a call may take; after that the connection is cut
 */
export const openChannel = <Theirs extends object, Ours extends object>(
  socket: Socket,
  ours: Ours,
  patienceMs: number,
): Channel<Theirs, Ours> => {
  let take: ((body: Buffer) => unknown) | undefined
  const cut = (): void => {
    socket.destroy()
  }
  const rpc = createBirpc<Theirs, Ours, false>(ours, {
    ...{ proxify: false, bind: 'functions', timeout: patienceMs },
    post: (frame: Buffer) => {
      socket.write(frame, () => frame.fill(0))
    },
    on: (fn) => {
      take = fn
    },
    serialize: written,
    deserialize: read,
    resolver: (name, found) => (Object.hasOwn(ours, name) ? found : undefined),
    onTimeoutError: () => {
      cut()
      throw ended()
    },
  })
  const framed = openFrames((body) => {
    // What cannot be read, or answered, ends the connection: the other side is none of ours.
    Promise.resolve(take?.(body)).catch(cut)
  })
  socket.on('data', (piece: Buffer) => {
    try {
      framed(piece)
    } catch {
      cut()
    }
  })
  socket.on('error', () => undefined)
  const over = new Promise<void>((resolve) => {
    socket.once('close', () => {
      rpc.$close(ended())
      resolve()
    })
  })
  return { rpc, ended: over, end: () => socket.end(), cut }
}
