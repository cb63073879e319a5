// `grand-livre signer`: the process that holds keys, vault and cards, for the other processes of an installation (docs/adr/0026).
import closeWithGrace from 'close-with-grace'
import { openSignerCustody } from '../hsm/signer/client.ts'
import { serveCustody } from '../hsm/signer/server.ts'
import { readConfig, type Config } from './config.ts'
import { columns, type Output } from './output.ts'
import { openWhole } from './closing.ts'
import { statesOf } from './health.ts'
import { diskFree } from './hostAlarms.ts'
import { openInstruments } from './instruments.ts'
import { keeperSources, probedSources } from './metricSources.ts'
import { watchedCustody } from './observed.ts'
import { instantsOf, openHeldCustody, systemClock, type Custody } from './parts.ts'
import { readRelease } from './shipped.ts'
import { signerFrom, signerSocketIn } from './signerConfig.ts'

/** How long acts under way may take to end, in milliseconds. */
const grace = 20_000

const passphraseWords = { environment: 'from the environment', file: 'from its file', generated: 'generated' }

const banner = (socket: string, { dataDir, databaseUrl }: Config, { keys, cards, passphraseFrom }: Custody) =>
  columns([
    ['  socket', socket],
    ['  data', dataDir],
    ['  keys', `${keys.module}, ${keys.token}`],
    ['  cards', cards.capabilities.model],
    ['  escrow', databaseUrl === undefined ? 'in the data directory' : 'PostgreSQL, or where it began'],
    ['  passphrase', passphraseWords[passphraseFrom]],
  ])

/**
 * Holds custody, and serves it until it is told to stop. Resolves when it listens.
 * @throws what kept it from starting; KeyFault when another process holds the vault
 */
export const signer = async (env: NodeJS.ProcessEnv, output: Output): Promise<void> => {
  const asked = signerFrom((name) => env[name])
  // It is the one that holds them: whatever production asks of keys and cards is asked of it.
  const { SIGNER_SOCKET: _, ...own } = env
  const config = readConfig(own)
  const socket = asked ?? signerSocketIn(config.dataDir)
  const release = readRelease()
  output.say(`Grand-Livre ${release}: signer process`)
  const { custody, metricsUrl, close } = await openWhole(async ({ opened, onClose }) => {
    const instruments = opened(await openInstruments(config, { release, role: 'signer', process: true }))
    const held = opened(await openHeldCustody(config))
    const probed = { now: instantsOf(systemClock), health: () => statesOf({ keys: held.keysHealth }) }
    const sources = {
      ...probedSources(probed),
      ...keeperSources({ keysHealth: held.keysHealth, free: () => diskFree(config.dataDir) }),
    }
    const shown = await instruments.show(sources, probed, onClose)
    return { custody: watchedCustody(held, instruments.watch), metricsUrl: shown }
  })
  const server = await serveCustody(custody, {
    ...{ socket, environment: config.policy.environment, graceMs: grace - 5_000 },
    onFault: (operation, kind) =>
      process.stderr.write(`${JSON.stringify({ level: 'error', operation, err: kind })}\n`),
  }).catch(async (error: unknown) => {
    await close()
    throw error
  })
  closeWithGrace({ delay: grace, logger: false }, async () => {
    await server.stop()
    await close()
  })
  const { dataDir } = config
  output.result(
    { socket, release, dataDir, pid: process.pid, metricsUrl },
    () => `\n${banner(socket, config, custody)}\n`,
  )
}

/**
 * Asks the signer process that runs whether it works.
 * @returns whether it does
 * @throws KeyFault where none answers
 */
export const checkSigner = async (env: NodeJS.ProcessEnv, output: Output): Promise<boolean> => {
  const asked = signerFrom((name) => env[name])
  // As its client: what production asks of keys and cards, it has been asked itself.
  const { dataDir, policy } = readConfig({ ...env, SIGNER_SOCKET: asked ?? '.' })
  const socket = asked ?? signerSocketIn(dataDir)
  const custody = await openSignerCustody({ socket, environment: policy.environment, startMs: 0 })
  try {
    const health = await custody.keysHealth()
    output.result({ socket, health }, () =>
      health === true
        ? `The signer process at ${socket} works.`
        : `The signer process at ${socket}: ${health}.`,
    )
    return health === true
  } finally {
    await custody.close()
  }
}
