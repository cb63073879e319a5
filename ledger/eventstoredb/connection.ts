// The client and its seams. The public calls of @eventstore/db-client 6.2.1 parse every JSON body (the stored bytes are
// gone, and they are what the leaves hash) and cannot set a deadline on a read. So the adapter speaks through the
// members that the client's own commands are made of (`execute`, `GRPCStreamCreator`, `callArguments`): discovery,
// credentials, reconnection and the messages stay the client's, the bytes stay the server's. This is the one file that
// touches them; the version is pinned, and the contract suite stands guard over the next one.
import { EventStoreDBClient } from '@eventstore/db-client'
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { CallOptions, ClientReadableStream, Metadata, ServiceError } from '@grpc/grpc-js'
import { deadline } from './deadline.ts'

export type Answer<T> = (error: ServiceError | null, response: T) => void
export type CallArguments = readonly [Metadata, CallOptions]
/** Starts one call; what it returns can be cancelled. */
export type Start<T> = (grpc: StreamsClient, args: CallArguments, done: Answer<T>) => { cancel: () => void }

export type Connection = Readonly<{
  /** One call with one answer, over within `timeoutMs` whatever the server, the network or discovery do. */
  call: <T>(timeoutMs: number, start: Start<T>) => Promise<T>
  /** Opens a read or a subscription. The caller must cancel it, at its end too: nothing else frees its place. */
  read: (timeoutMs: number, request: ReadReq) => Promise<ClientReadableStream<ReadResp>>
  /** Puts a new client in the place of one that stopped answering. Streams open on the old one go on. */
  renew: () => void
  close: () => void
}>

// A follower forwards writes, but it answers reads from its own, older log: a checkpoint would then seem truncated.
const leader = { requiresLeader: true } as const

const closeChannel = (client: EventStoreDBClient): void => {
  // Waiting for a channel that discovery never finds must not hold anything up, nor may its failure go unhandled.
  client['getChannel']().then(
    (channel) => channel.close(),
    () => undefined,
  )
}

/**
 * Connects lazily to `connectionString` (`esdb://…` or `esdb+discover://…`).
 * @throws Error when the string does not parse; its text holds no credentials
 */
export const openConnection = (connectionString: string): Connection => {
  const connect = (): EventStoreDBClient => {
    try {
      return EventStoreDBClient.connectionString(connectionString)
    } catch (error) {
      const { name, message } = error as Error
      // The client's own message repeats the whole string, password included, but where it is about a file.
      const why = message.startsWith('Failed to load certificate file') ? message : name
      throw new Error(`the connection string of the ledger is refused: ${why}`)
    }
  }
  let client = connect()

  const renew = (): void => {
    const old = client
    client = connect()
    closeChannel(old)
  }

  const call = async <T>(timeoutMs: number, start: Start<T>): Promise<T> => {
    const used = client
    let running: { cancel: () => void } | undefined
    const answer = used['execute'](
      StreamsClient,
      'ledger',
      (grpc) =>
        new Promise<T>((resolve, reject) => {
          const args = used['callArguments']({ ...leader, deadline: timeoutMs })
          running = start(grpc, args, (error, response) =>
            error === null ? resolve(response) : reject(error),
          )
        }),
    )
    // The gRPC deadline begins only when discovery is through, hence this second one around it.
    return deadline(timeoutMs, answer, () => running?.cancel())
  }

  const read = async (timeoutMs: number, request: ReadReq): Promise<ClientReadableStream<ReadResp>> => {
    const used = client
    const args = used['callArguments'](leader, { deadline: Infinity })
    const opening = used['GRPCStreamCreator'](StreamsClient, 'ledger', (grpc) =>
      grpc.read(request, ...args),
    )()
    return deadline(timeoutMs, opening, () => {
      opening.then(
        (late) => late.cancel(),
        () => undefined,
      )
    })
  }

  return { call, read, renew, close: () => closeChannel(client) }
}
