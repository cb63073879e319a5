// One job on Redis, as a process has it: its queue, what is heard of it, and who runs it here.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue, QueueEvents, Worker } from 'bullmq'

export type Track = Readonly<{
  queue: Queue
  events: QueueEvents
  /** Absent where this process only asks. */
  worker: Worker | undefined
  /** Resolves when what runs here has ended. */
  idle: () => Promise<unknown>
}>

/** How long a connection may take to be closed, in milliseconds. */
const graceMs = 2_000

type Closing = Readonly<{ close: () => Promise<unknown>; disconnect: () => Promise<unknown> }>

/** BullMQ waits without end for a connection that is being made anew: whoever stops does not. */
const closed = async (one: Closing, closing = one.close()): Promise<void> => {
  const late = await Promise.race([
    closing.then(
      () => false,
      () => false,
    ),
    sleep(graceMs, true, { ref: false }),
  ])
  if (late) await Promise.race([one.disconnect().catch(() => undefined), sleep(graceMs)])
}

/** Takes nothing more, and waits for the run under way, but not for Redis. */
export const closeTrack = async ({ worker, events, queue, idle }: Track): Promise<void> => {
  const closing = worker?.close()
  await idle()
  await Promise.all([worker === undefined ? undefined : closed(worker, closing), closed(events)])
  await closed(queue)
}
