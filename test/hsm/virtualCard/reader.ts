// Puts a virtual card into a slot of Debian's vpcd, which pcscd takes for a reader. Its protocol: two octets of length, then an APDU, or
// one octet: 0 power off, 1 power on, 2 reset, 4 what is the ATR.
import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import koffi from 'koffi'
import type { VirtualCard } from './card.ts'

export type Inserted = Readonly<{ pull: () => Promise<void> }>

const setOption = koffi
  .load(null)
  .func('int setsockopt(int socket, int level, int name, const int *value, uint32_t length)')

/**
 * vpcd sends the length of a message and the message apart, and waits in between until the first part is acknowledged, which the
 * system puts off by 40 ms. TCP_QUICKACK (tcp(7)) asks it not to; it holds for a moment only.
 */
const acknowledge = (socket: Socket): void => {
  const { _handle: handle } = socket as unknown as { _handle: { fd: number } | null }
  if (handle !== null) setOption(handle.fd, 6, 12, [1], 4)
}

const framed = (message: Uint8Array): Buffer =>
  Buffer.concat([Buffer.of(message.length >> 8, message.length & 0xff), message])

const serve = async (
  socket: Socket,
  card: VirtualCard,
  onCommand: (apdu: Buffer) => Promise<Buffer | undefined>,
) => {
  let received = Buffer.alloc(0)
  for await (const part of socket as AsyncIterable<Buffer>) {
    acknowledge(socket)
    received = Buffer.concat([received, part])
    while (received.length >= 2 && received.length >= 2 + received.readUInt16BE()) {
      const message = received.subarray(2, 2 + received.readUInt16BE())
      received = received.subarray(2 + message.length)
      const control = message.length === 1 ? message[0] : undefined
      if (control === 4) socket.write(framed(card.atr))
      else if (control !== undefined) card.reset()
      else {
        const answer = await onCommand(message)
        if (answer === undefined) return
        socket.write(framed(answer))
      }
    }
  }
}

/**
 * Inserts the card into the slot that listens on `port` of this machine.
 * @param pullAfter commands after which it is pulled out; nobody hears the last answer
 */
export const insert = async (card: VirtualCard, port: number, pullAfter = Infinity): Promise<Inserted> => {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  card.reset()
  let left = pullAfter
  const onCommand = async (apdu: Buffer): Promise<Buffer | undefined> => {
    const answer = await card.transmit(apdu)
    left -= 1
    return left === 0 ? undefined : answer
  }
  const ended = serve(socket, card, onCommand)
    .catch(() => undefined)
    .finally(() => socket.destroy())
  return {
    pull: async () => {
      socket.destroy()
      await ended
    },
  }
}
