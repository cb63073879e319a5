// A process of its own that asks a server for OCSP answers whenever it is told to, until it is disconnected. It speaks HTTP/1.1
// by hand over connections that stay open, so that the server and not the asking is what is slow.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { withWorkers } from './bench.ts'

export type Order = Readonly<{
  port: number
  path: string
  /** The OCSP request, in base64. */
  request: string
  connections: number
  count: number
}>

/** A fault, or nothing when every answer was a successful one. */
export type Report = Readonly<{ fault?: string }>

const length = /\r\ncontent-length: (\d+)\r\n/i

/** The whole answer's length once its head is there. */
const wholeLength = (bytes: Buffer): number | undefined => {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const match = length.exec(bytes.toString('latin1', 0, end + 2))
  if (match === null) throw new Error(`no length: ${bytes.toString('latin1', 0, end)}`)
  return end + 4 + Number(match[1])
}

/** 200 and an OCSPResponse whose status is `successful`. */
const requireSuccess = (answer: Buffer): void => {
  const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4)
  if (!answer.toString('latin1', 0, 12).endsWith(' 200') || !body.subarray(4, 7).equals(Buffer.of(10, 1, 0)))
    throw new Error(`not a successful answer: ${answer.toString('latin1', 0, 40)}`)
}

const answerOn = (socket: Socket, request: Buffer): Promise<void> =>
  new Promise((resolve, reject) => {
    let bytes: Buffer = Buffer.alloc(0)
    const onData = (more: Buffer): void => {
      bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more])
      try {
        if (bytes.length < (wholeLength(bytes) ?? Infinity)) return
        requireSuccess(bytes)
        resolve()
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)))
      }
      socket.off('data', onData)
    }
    socket.on('data', onData)
    socket.write(request)
  })

const carryOut = async ({ port, path, request, connections, count }: Order): Promise<void> => {
  const body = Buffer.from(request, 'base64')
  const head = [
    `POST ${path} HTTP/1.1`,
    ...['host: 127.0.0.1', 'content-type: application/ocsp-request', `content-length: ${body.length}`],
  ]
  const octets = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body])
  const sockets = Array.from({ length: connections }, () =>
    connect({ port, host: '127.0.0.1', noDelay: true }),
  )
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  try {
    await withWorkers(connections, count, async (_, worker) => {
      const socket = sockets[worker]
      if (socket !== undefined) await answerOn(socket, octets)
    })
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

const report = (said: Report): void => void process.send?.(said)

process.on('message', (order: Order) => {
  carryOut(order).then(
    () => report({}),
    (error: unknown) => report({ fault: String(error) }),
  )
})
