// Runs one process of an installation until it is told to stop.
import { closeOnSignal } from '../closeOnSignal.ts'
import { readConfig, type Config } from '../config.ts'
import { columns, type Output } from '../output.ts'
import { readRelease } from '../shipped.ts'
import type { Role, RoleOptions, RunningRole } from './role.ts'

/** Nobody sends requests to the others: they hand over at once. */
const answersPeople: ReadonlySet<Role> = new Set(['api', 'status'])

type Lasting = Exclude<Role, 'migrate'>
type Open = (config: Config, options: RoleOptions) => Promise<RunningRole>

const openers: Readonly<Record<Lasting, () => Promise<Open>>> = {
  api: async () => (await import('./api.ts')).openApi,
  projector: async () => (await import('./projector.ts')).openProjector,
  worker: async () => (await import('./worker.ts')).openWorker,
  status: async () => (await import('./status.ts')).openStatus,
}

const titleOf = ({ policy: { environment, issuing } }: Config, role: Role): string =>
  `Grand-Livre ${readRelease()} ${role}: ${environment === 'test' ? 'TEST ' : ''}${issuing.commonName}`

/** Starts the process. Resolves when it answers. @throws what kept it from starting */
export const runRole = async (role: Lasting, env: NodeJS.ProcessEnv, output: Output): Promise<void> => {
  const config = readConfig(env)
  const release = readRelease()
  output.say(titleOf(config, role))
  const open = await openers[role]()
  const running = await open(config, {
    release,
    onStep: (line) => output.say(`  · ${line}`),
    log: { level: config.logLevel, service: role, ...(output.json ? { stream: process.stderr } : {}) },
  })
  closeOnSignal(running, answersPeople.has(role) ? config.ops.drainSeconds : 0)
  const { url, tlsUrl, metricsUrl } = running
  const words = columns([
    ['  answers at', url],
    ...(tlsUrl === undefined ? [] : [['  with TLS', tlsUrl]]),
    ['  ready', `${url}/readyz`],
    ...(metricsUrl === undefined ? [] : [['  metrics', `${metricsUrl}/metrics`]]),
    ['  policy', String(config.policy.version)],
    ['  data', config.dataDir],
  ])
  output.result({ role, url, tlsUrl, metricsUrl, release, pid: process.pid }, () => `\n${words}\n`)
}

/** Makes the installation ready for the other processes, and ends. @throws what kept it from that */
export const runMigrate = async (env: NodeJS.ProcessEnv, output: Output): Promise<void> => {
  const config = readConfig(env)
  output.say(titleOf(config, 'migrate'))
  const { migrate } = await import('./migrate.ts')
  const { written, close } = await migrate(config, {
    release: readRelease(),
    onStep: (line) => output.say(`  · ${line}`),
  })
  await close()
  output.result({ written }, () =>
    written === 0 ? 'Nothing was left to be done.' : `Done: ${written} events were written.`,
  )
}
