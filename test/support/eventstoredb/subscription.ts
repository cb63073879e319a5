import { status } from '@grpc/grpc-js'
import type { ReadReq, ReadResp } from '@eventstore/db-client/generated/streams_pb.js'
import type { Delivery, Filter, Position, Subscription } from '../../../ledger/store.ts'
import { failure, failureOf, handlerThrew, streamDeleted } from './answers.ts'
import { streamFrom } from './identities.ts'
import type { Node } from './node.ts'
import type { Outlet } from './outlet.ts'
import { streams } from './protobuf.ts'
import { first, firstFrom, requireBoundary } from './log.ts'
import { type Encode, encoder, positionFrom, revisionFrom } from './messages.ts'

/** Live events that wait for a slow consumer; one more ends the subscription on 23.10. */
const liveBuffer = 32
/** The real writer flushes every 2 ms at most; here a burst comes at once, so a consumer gets a moment to take it. */
const patienceMs = 500

const filterFrom = (options: ReadReq.Options.FilterOptions): Filter => {
  const byStream = options.getStreamIdentifier()
  const expression = byStream ?? options.getEventType()
  if (expression === undefined) throw handlerThrew()
  const regex = expression.getRegex()
  if (regex !== '') {
    try {
      new RegExp(regex, 'u')
    } catch {
      throw handlerThrew()
    }
    return byStream === undefined ? { typeRegex: regex } : { streamRegex: regex }
  }
  const prefixes = expression.getPrefixList()
  return byStream === undefined ? { typePrefixes: prefixes } : { streamPrefixes: prefixes }
}

/** The start as 23.10 finds it: after the first event at or beyond the position, which is skipped if it is another one. */
const startOf = async (node: Node, all: ReadReq.Options.AllOptions): Promise<Position | 'start' | 'end'> => {
  const from = positionFrom(all)
  if (typeof from !== 'object') return from
  if (from.commit === 0n) return 'start'
  await requireBoundary(node, from, false)
  return (await firstFrom(node, from))?.position ?? from
}

const allSource = async (
  node: Node,
  all: ReadReq.Options.AllOptions,
  options: ReadReq.Options,
): Promise<Subscription> => {
  const asked = options.getFilter()
  if (asked?.getCheckpointintervalmultiplier() === 0) throw handlerThrew()
  const after = await startOf(node, all)
  if (asked === undefined) return node.store().subscribeToAll({ after })
  return node.store().subscribeToAll({
    after,
    filter: filterFrom(asked),
    checkpointInterval: asked.getCheckpointintervalmultiplier(),
    window: asked.hasMax() ? asked.getMax() : 32,
  })
}

const messageFor = (delivery: Delivery, encode: Encode): ReadResp => {
  if (delivery.kind === 'event') return encode(delivery.event)
  if (delivery.kind === 'caughtUp') return new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp())
  return new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint()
      .setCommitPosition(delivery.position.commit.toString())
      .setPreparePosition(delivery.position.prepare.toString()),
  )
}

const tooSlow = () =>
  failure(
    status.ABORTED,
    'Operation timed out: Consumer too slow to handle event while live. Client resubscription required.',
  )

/** Live events queue up to the limit; a consumer that lets it overflow is dropped. */
const liveSender = (outlet: Outlet) => {
  let waiting = 0
  let tail: Promise<unknown> = Promise.resolve()
  const room = async (): Promise<boolean> => {
    if (waiting <= liveBuffer) return true
    let timer: NodeJS.Timeout | undefined
    const expired = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), patienceMs)
    })
    const inTime = await Promise.race([tail.then(() => true), expired])
    clearTimeout(timer)
    return inTime
  }
  return async (message: ReadResp): Promise<void> => {
    waiting += 1
    tail = tail
      .then(() => outlet.send(message))
      .then(() => {
        waiting -= 1
      })
    if (!(await room())) outlet.fail(tooSlow())
  }
}

const isGone = async (node: Node, stream: string): Promise<boolean> => {
  try {
    await first(node.store().readStream(stream, { direction: 'backwards', limit: 1 }))
    return false
  } catch {
    return true
  }
}

/** What one subscription sends, and in which of its phases it is. */
type Flow = Readonly<{
  outlet: Outlet
  encode: Encode
  /** Present for a stream: a tombstone ends the subscription after its event. */
  stream?: string
  /** The stream does not exist yet: it is polled for, and only its first event brings `caught_up`. */
  absent: boolean
}>

const pump = async (
  source: AsyncIterable<Delivery>,
  { outlet, encode, stream, absent }: Flow,
): Promise<void> => {
  const sendLive = liveSender(outlet)
  let live = false
  let awaited = absent
  const send = async (delivery: Delivery): Promise<void> => {
    const message = messageFor(delivery, encode)
    if (live) await sendLive(message)
    else await outlet.send(message)
    live ||= delivery.kind === 'caughtUp'
  }
  for await (const delivery of source) {
    if (outlet.over()) return
    if (delivery.kind === 'caughtUp' && awaited) continue
    await send(delivery)
    if (delivery.kind !== 'event') continue
    if (stream !== undefined && delivery.event.type === '$streamDeleted') throw streamDeleted(stream)
    if (awaited) await send({ kind: 'caughtUp' })
    awaited = false
  }
}

const follow = async (outlet: Outlet, source: Subscription, run: () => Promise<void>): Promise<void> => {
  void outlet.gone.then(() => source.unsubscribe())
  const confirmation = new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('loopback')
  await outlet.send(new streams.ReadResp().setConfirmation(confirmation))
  try {
    await run()
  } catch (error) {
    outlet.fail(failureOf(error))
  }
}

export const subscription = async (node: Node, options: ReadReq.Options, outlet: Outlet): Promise<void> => {
  const encode = encoder(options)
  const all = options.getAll()
  if (all !== undefined) {
    const source = await allSource(node, all, options)
    const shown = async function* () {
      for await (const delivery of source)
        if (delivery.kind !== 'event' || !node.scavenged.has(delivery.event.position.commit)) yield delivery
    }
    return follow(outlet, source, () => pump(shown(), { outlet, encode, absent: false }))
  }
  const asked = options.getStream()
  const stream = streamFrom(asked?.getStreamIdentifier())
  const source = node.store().subscribeToStream(stream, { after: revisionFrom(asked) })
  const absent = await isGone(node, stream)
  return follow(outlet, source, () => pump(source, { outlet, encode, stream, absent }))
}
