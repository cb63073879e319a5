// The generated messages, as values. Those of google-protobuf itself must come from the client's own copy of it: a second
// copy would register its classes over the first one's.
import { createRequire } from 'node:module'
import type { Any as AnyMessage } from 'google-protobuf/google/protobuf/any_pb.js'
import type { Empty as EmptyMessage } from 'google-protobuf/google/protobuf/empty_pb.js'

const here = createRequire(import.meta.url)
const client = createRequire(here.resolve('@eventstore/db-client'))

const anyModule = client('google-protobuf/google/protobuf/any_pb.js') as { Any: new () => AnyMessage }
const emptyModule = client('google-protobuf/google/protobuf/empty_pb.js') as { Empty: new () => EmptyMessage }

export const wellKnown = {
  any: (): AnyMessage => new anyModule.Any(),
  empty: (): EmptyMessage => new emptyModule.Empty(),
}

export { default as google } from '@eventstore/db-client/generated/code_pb.js'
export { default as gossip } from '@eventstore/db-client/generated/gossip_pb.js'
export { default as features } from '@eventstore/db-client/generated/serverfeatures_pb.js'
export { default as shared } from '@eventstore/db-client/generated/shared_pb.js'
export { default as status } from '@eventstore/db-client/generated/status_pb.js'
export { default as streams } from '@eventstore/db-client/generated/streams_pb.js'
