// A single EventStoreDB node on 127.0.0.1, as oss-v23.10.8 behaves (eventstoredb.md), over an embedded store. Only what
// is below the wire is ours: the client that talks to it is the real one.
import { Metadata, Server, ServerCredentials } from '@grpc/grpc-js'
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js'
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb.js'
import type { ClusterInfo } from '@eventstore/db-client/generated/gossip_pb.js'
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js'
import type { SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb.js'
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb.js'
import { randomUUID } from 'node:crypto'
import type { EventStore } from '../../../ledger/store.ts'
import { append } from './append.ts'
import { batchAppend } from './batch.ts'
import { structuredId } from './identities.ts'
import { type Knobs, newKnobs } from './knobs.ts'
import type { Node, Seen } from './node.ts'
import { features, gossip } from './protobuf.ts'
import { read } from './read.ts'
import { softDelete, tombstone } from './remove.ts'

export type Loopback = Readonly<{
  port: number
  connectionString: string
  knobs: Knobs
  seen: Seen
  store: () => EventStore
  /** Ends every connection and comes back on the same port with a store opened anew (its caches are empty). */
  restart: (between?: () => Promise<void>) => Promise<void>
  /** Takes the events of soft-deleted, truncated and tombstoned streams out of `$all`, as a scavenge does. */
  scavenge: () => Promise<void>
  close: () => Promise<void>
}>

const methods: readonly (readonly [string, readonly string[]])[] = [
  ['append', []],
  ['batchappend', ['deadline_duration']],
  ['read', ['position', 'events']],
  ['delete', []],
  ['tombstone', []],
]

const supportedMethods =
  (node: Node) =>
  (_call: ServerUnaryCall<unknown, SupportedMethods>, done: sendUnaryData<SupportedMethods>): void => {
    node.seen.featureRequests += 1
    if (node.knobs.features !== undefined) {
      done({ code: node.knobs.features, details: 'Features unavailable', metadata: new Metadata() })
      return
    }
    const answer = new features.SupportedMethods().setEventStoreServerVersion('23.10.8')
    for (const [method, list] of methods)
      answer.addMethods(
        new features.SupportedMethod()
          .setServiceName('event_store.client.streams.streams')
          .setMethodName(method)
          .setFeaturesList([...list]),
      )
    done(null, answer)
  }

const clusterInfo =
  (node: Node, address: () => number) =>
  (_call: ServerUnaryCall<unknown, ClusterInfo>, done: sendUnaryData<ClusterInfo>): void => {
    const member = new gossip.MemberInfo()
      .setInstanceId(structuredId(randomUUID()))
      .setTimeStamp(`${Date.now()}0000`)
      .setState(node.knobs.state)
      .setIsAlive(true)
      .setHttpEndPoint(new gossip.EndPoint().setAddress('127.0.0.1').setPort(address()))
    done(null, new gossip.ClusterInfo().setMembersList([member]))
  }

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })

const serve = async (node: Node, port: number, address: () => number): Promise<[Server, number]> => {
  const server = new Server({
    'grpc.max_concurrent_streams': 100,
    'grpc.max_receive_message_length': 16_767_216,
    'grpc.max_send_message_length': -1,
  })
  server.addService(StreamsService, {
    read: read(node),
    append: append(node),
    batchAppend: batchAppend(node),
    delete: softDelete(node),
    tombstone: tombstone(node),
  })
  server.addService(ServerFeaturesService, { getSupportedMethods: supportedMethods(node) })
  server.addService(GossipService, { read: clusterInfo(node, address) })
  return [server, await listen(server, port)]
}

/** Starts a node. `openStore` is called again at every restart. */
export const openLoopback = async (openStore: () => Promise<EventStore>): Promise<Loopback> => {
  let store = await openStore()
  const seen: Seen = { reading: 0, cancelled: 0, appends: 0, unwritten: 0, batches: 0, featureRequests: 0 }
  const node: Node = { store: () => store, knobs: newKnobs(), seen, scavenged: new Set() }
  const address = (): number => port
  // oxlint-disable-next-line prefer-const -- both are replaced at a restart
  let [server, port] = await serve(node, 0, () => address())

  const stop = async (): Promise<void> => {
    server.forceShutdown()
    await store.close()
  }
  return {
    port,
    connectionString: `esdb://127.0.0.1:${port}?tls=false`,
    knobs: node.knobs,
    seen,
    store: node.store,
    restart: async (between) => {
      await stop()
      await between?.()
      store = await openStore()
      ;[server] = await serve(node, port, address)
    },
    scavenge: async () => {
      for await (const event of store.readAll()) {
        const kept = await isKept(store, event.stream, event.revision)
        if (!kept && !event.stream.startsWith('$')) node.scavenged.add(event.position.commit)
      }
    },
    close: stop,
  }
}

const isKept = async (store: EventStore, stream: string, revision: number): Promise<boolean> => {
  try {
    for await (const event of store.readStream(stream, { from: revision, limit: 1 }))
      return event.revision === revision
    return false
  } catch {
    return false
  }
}
