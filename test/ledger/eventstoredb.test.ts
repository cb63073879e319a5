import { describe } from 'vitest'
import { eventStoreClientContract } from '../contract/eventStoreClientContract.ts'
import { openNode, type OwnNode } from '../support/eventstoredb/openNode.ts'
import { afterAll } from 'vitest'

const nodes: OwnNode[] = []
afterAll(() => Promise.all(nodes.map((node) => node.close())))

describe('the client on the loopback node', () => {
  eventStoreClientContract('loopback', async () => {
    const node = await openNode()
    nodes.push(node)
    return { connectionString: node.connectionString, watched: () => node.seen }
  })
})
