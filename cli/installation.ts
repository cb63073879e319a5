// A whole installation that answers over HTTP: opened part by part, closed in the opposite order, also when the opening
// fails half way.
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { createApp, type AppOptions } from '../api/app.ts'
import { urlOf } from '../api/server.ts'
import { listenTls } from '../api/tlsServer.ts'
import { compose, type ComposeOptions, type Product } from '../main.ts'
import { openWhole, type Opening } from './closing.ts'
import type { Config } from './config.ts'
import { openInstruments } from './instruments.ts'
import { productSources } from './metricSources.ts'
import { openCustody, openReadModels, openStore, systemClock, type Custody } from './parts.ts'

export type Installation = Readonly<{
  product: Product
  app: FastifyInstance
  passphraseFrom: Custody['passphraseFrom']
  /** Where it listens, as `http://127.0.0.1:8080`. */
  url: string
  /** Where /metrics has a port of its own. */
  metricsUrl: string | undefined
  /** From now on /readyz says that the service is being stopped. */
  drain: () => void
  /** Where it listens with TLS of its own, if it does. */
  tlsUrl: string | undefined
  /** Answers what is under way, then closes everything. */
  close: () => Promise<void>
}>

export type InstallationOptions = Pick<ComposeOptions, 'release' | 'onStep'> & AppOptions

/** Listens. @returns where, as `http://127.0.0.1:8080` */
export const listenAt = async (
  app: FastifyInstance,
  { host, port }: Pick<Config, 'host' | 'port'>,
): Promise<string> => {
  await app.listen({ host, port })
  const bound = app.server.address() as AddressInfo
  return urlOf('http', host, bound.port)
}

/** Listens, and on the port with TLS of its own too where one is set. @returns where, as `https://127.0.0.1:8443` */
export const listenEverywhere = async (
  app: FastifyInstance,
  config: Pick<Config, 'host' | 'port' | 'signIn'>,
  opened: Opening['opened'],
): Promise<Readonly<{ url: string; tlsUrl: string | undefined }>> => {
  const url = await listenAt(app, config)
  const { tls, clientTrust } = config.signIn
  if (tls === undefined) return { url, tlsUrl: undefined }
  const asking = { ...tls, askForCertificates: clientTrust !== undefined }
  const { port } = opened(await listenTls(app, config.host, asking))
  return { url, tlsUrl: urlOf('https', config.host, port) }
}

/**
 * Opens the installation of a data directory and listens.
 * @throws what kept it from starting; everything that was opened has been closed again
 */
export const openInstallation = (
  config: Config,
  { release, onStep = () => undefined, ...web }: InstallationOptions,
): Promise<Installation> =>
  openWhole(async ({ opened, onClose }) => {
    const instruments = opened(await openInstruments(config, { release, process: true }))
    onStep('custody')
    const custody = opened(await openCustody(config))
    onStep('ledger')
    const store = opened(await openStore(config))
    onStep('database')
    const database = opened(await openReadModels(config))
    const parts = { store, custody, database, clock: systemClock }
    const log: Partial<Pick<FastifyInstance, 'log'>> = {}
    const onFault = (job: string, err: Error): void => log.log?.error({ err, job }, 'a job failed')
    const { measure } = instruments
    const watched = instruments.over(parts)
    const machine = instruments.machine(parts)
    const options = { release, onStep, onFault, measure, alarms: machine.alarms }
    const product = await compose(config, watched, options)
    onClose(product.stop)
    const sources = { ...productSources(product), ...machine.sources }
    const metricsUrl = await instruments.show(sources, product.services, onClose)
    const app = opened(await createApp(product.services, { ...web, ...instruments.app }))
    log.log = app.log
    const urls = await listenEverywhere(app, config, opened)
    const { drain } = instruments
    return { product, app, passphraseFrom: custody.passphraseFrom, ...urls, metricsUrl, drain }
  })
