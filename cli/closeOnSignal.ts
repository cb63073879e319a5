// How a process that answers is stopped.
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'

/** How long what is under way may take to end, in milliseconds. */
const grace = 20_000

export type Stoppable = Readonly<{
  app: Pick<FastifyInstance, 'log'>
  /** From now on /readyz says that the process is being stopped. */
  drain: () => void
  close: () => Promise<void>
}>

/**
 * On SIGTERM or SIGINT: /readyz says 503, and for `drainSeconds` requests are taken all the same, until whoever sends them has seen it;
 * then no more are taken, and what is under way is finished. A second signal, or an end that takes too long, ends it at once.
 */
export const closeOnSignal = ({ app, drain, close }: Stoppable, drainSeconds: number): void => {
  const onSecondSignal = (): void => app.log.warn('a second signal: the process ends at once')
  const onTimeout = (): void => app.log.error('what is under way does not end: the process ends all the same')
  const delay = drainSeconds * 1000 + grace
  closeWithGrace({ delay, logger: false, onSecondSignal, onTimeout }, async ({ err, signal }) => {
    drain()
    if (err !== undefined) app.log.fatal({ err }, 'an error that nobody handled: the process stops')
    else {
      app.log.info({ signal }, 'the process stops')
      await sleep(drainSeconds * 1000)
    }
    await close()
  })
}
