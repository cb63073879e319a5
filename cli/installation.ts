// A whole installation that answers over HTTP: opened part by part, closed in the opposite order, also when the opening
// fails half way.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { createApp, type AppOptions } from '../api/app.ts'
import { compose, type ComposeOptions, type Product } from '../main.ts'
import type { Config } from './config.ts'
import { openCustody, openReadModels, openStore, systemClock, type Custody } from './parts.ts'

export type Installation = Readonly<{
  product: Product
  app: FastifyInstance
  passphraseFrom: Custody['passphraseFrom']
  /** Where it listens, as `http://127.0.0.1:8080`. */
  url: string
  /** Answers what is under way, then closes everything. */
  close: () => Promise<void>
}>

export type InstallationOptions = Pick<ComposeOptions, 'release' | 'onStep'> & AppOptions

type Close = () => Promise<unknown>

const closeAll = async (closes: readonly Close[]): Promise<void> => {
  const faults: unknown[] = []
  for (const close of closes.toReversed())
    await close().catch((error: unknown) => {
      faults.push(error)
    })
  if (faults.length > 0) throw faults[0]
}

const urlOf = (host: string, { port }: AddressInfo): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`

/**
 * Opens the installation of a data directory and listens.
 * @throws what kept it from starting; everything that was opened has been closed again
 */
export const openInstallation = async (
  config: Config,
  { release, onStep = () => undefined, ...web }: InstallationOptions,
): Promise<Installation> => {
  const closes: Close[] = []
  const opened = <T extends { close: Close }>(part: T): T => {
    closes.push(part.close)
    return part
  }
  try {
    onStep('custody')
    const custody = opened(await openCustody(config))
    onStep('ledger')
    const store = opened(await openStore(config))
    onStep('database')
    const database = opened(await openReadModels(config))
    const parts = { store, custody, database, clock: systemClock }
    const log: Partial<Pick<FastifyInstance, 'log'>> = {}
    const onFault = (job: string, err: Error): void => log.log?.error({ err, job }, 'a job failed')
    const product = await compose(config, parts, { release, onStep, onFault })
    closes.push(product.stop)
    const app = opened(await createApp(product.services, web))
    log.log = app.log
    await app.listen({ host: config.host, port: config.port })
    return {
      product,
      app,
      passphraseFrom: custody.passphraseFrom,
      url: urlOf(config.host, app.server.address() as AddressInfo),
      close: () => closeAll(closes),
    }
  } catch (error) {
    await closeAll(closes).catch(() => undefined)
    throw error
  }
}
