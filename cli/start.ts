// `grand-livre start`: the service, until it is told to stop.
import { closeOnSignal } from './closeOnSignal.ts'
import { readConfig, type Config } from './config.ts'
import type { Installation } from './installation.ts'
import { columns, type Output } from './output.ts'
import { readRelease } from './shipped.ts'
import { webSettings } from './signInConfig.ts'

const passphraseWords = ({ dataDir }: Config, { passphraseFrom }: Installation): string =>
  ({
    environment: 'from the environment',
    file: 'from its file',
    generated: `generated in ${dataDir}/passphrase, mode 0600; keep a copy elsewhere: without it every key is lost`,
  })[passphraseFrom]

const banner = (config: Config, installation: Installation): string =>
  columns([
    ['  service', installation.url],
    ...(installation.tlsUrl === undefined ? [] : [['  with TLS', installation.tlsUrl]]),
    ['  API', `${installation.tlsUrl ?? installation.url}/docs`],
    ['  conditions', `CGU ${config.policy.cgu.version}, policy ${config.policy.version}`],
    ['  data', config.dataDir],
    ['  ledger', config.ledgerUrl === undefined ? 'embedded' : 'EventStoreDB'],
    ['  read models', config.databaseUrl === undefined ? 'embedded' : 'PostgreSQL'],
    ...(installation.metricsUrl === undefined ? [] : [['  metrics', `${installation.metricsUrl}/metrics`]]),
    ['  passphrase', passphraseWords(config, installation)],
  ])

/** Starts the service. Resolves when it listens. @throws what kept it from starting */
export const start = async (env: NodeJS.ProcessEnv, output: Output): Promise<void> => {
  const config = readConfig(env)
  const release = readRelease()
  const { environment, issuing } = config.policy
  output.say(`Grand-Livre ${release}: ${environment === 'test' ? 'TEST ' : ''}${issuing.commonName}`)
  // The service is loaded once its settings are known to fit: whoever has one wrong is told at once.
  const { openInstallation } = await import('./installation.ts')
  const installation = await openInstallation(config, {
    ...{ release, ...webSettings(config) },
    onStep: (line) => output.say(`  · ${line}`),
    // One JSON document on standard output is what a program asked for: the log goes beside it.
    log: { level: config.logLevel, ...(output.json ? { stream: process.stderr } : {}) },
  })
  closeOnSignal(installation, config.ops.drainSeconds)
  const { url, tlsUrl, metricsUrl } = installation
  const { dataDir } = config
  output.result(
    { url, tlsUrl, metricsUrl, release, dataDir, pid: process.pid },
    () => `\n${banner(config, installation)}\n`,
  )
}
