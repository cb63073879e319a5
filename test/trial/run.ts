// `npm run trial`: the processes of docker-compose.yml on this machine, where there is no container engine. PostgreSQL and Redis come from
// the system's packages; Ctrl-C takes everything down, and what was in it is gone.
// `npm run trial -- --check`, which CI runs: the same, until everything says that it is ready. Status 1 where a process does not come up,
// is not ready, or does not end with 0 when it is asked to.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { quickPolicyText } from '../support/quickPolicy.ts'
import { layOut } from '../support/installed.ts'
import { findPostgres, findProgram } from '../support/services/programs.ts'
import { openWorkspace } from '../support/services/workspace.ts'
import { openTrial, type Ended, type Trial } from './installation.ts'
import { probe, type Running } from './process.ts'

const isCheck = process.argv.slice(2).includes('--check')

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** @returns those that answer at an address, in the order of `roles` */
const bringUp = async (trial: Trial): Promise<readonly Running[]> => {
  await trial.start('signer')
  await trial.run(['migrate'])
  say('  · migrate')
  const roles = ['projector', 'projector', 'worker', 'api', 'status'] as const
  // All of them are waited for, also where one does not come up: nobody is left behind.
  const started = await Promise.allSettled(roles.map((role) => trial.start(role)))
  const fault = started.find((one) => one.status === 'rejected')
  if (fault !== undefined) throw fault.reason
  return started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

/** Asks all of them once more: each was ready when it had started, and has to be so beside the others. */
const check = async (trial: Trial, running: readonly Running[]): Promise<void> => {
  await trial.run(['signer', '--check'])
  for (const { said } of running) {
    const answer = await probe(said.url ?? '')
    if (answer.status !== 200) throw new Error(`${said.url ?? ''}/readyz: ${JSON.stringify(answer.body)}`)
  }
  say('\nEach of them is ready.')
}

const tell = (trial: Trial, running: readonly Running[]): void => {
  const [first, second, worker, api, status] = running.map(({ said }) => said.url ?? '')
  say('\nEverything is up:')
  say(`  API            ${api}/docs`)
  say(`  CRL and OCSP   ${status}/ac-confidentialite-mef-qualifiee.crl`)
  say(`  worker         ${worker}/readyz`)
  say(`  projectors     ${first}/readyz ${second}/readyz`)
  say(`  accounts       DATA_DIR=${trial.dataDir} npx grand-livre accounts add marie --role raOfficer`)
  say('\nCtrl-C takes all of it down.')
}

/** Nobody waits for RSA keys, nor for keys of a stock, where none is used. */
const settingsIn = (directory: string): NodeJS.ProcessEnv => {
  const { POLICY_FILE } = process.env
  if (!isCheck || POLICY_FILE !== undefined) return { POLICY_FILE }
  const file = join(directory, 'policy.json')
  writeFileSync(file, quickPolicyText())
  return { POLICY_FILE: file, ESCROW_STOCK: '0' }
}

const takeDown = async (trial: Trial | undefined): Promise<void> => {
  const ended: readonly Ended[] = (await trial?.close()) ?? []
  for (const { role, status } of ended.filter((one) => one.status !== 0)) {
    say(`${role} ended with ${String(status)}`)
    process.exitCode = 1
  }
  if (ended.length > 0) say('Taken down.')
}

const main = async (): Promise<void> => {
  if (findPostgres() === undefined || findProgram('redis-server') === undefined) {
    say(
      'PostgreSQL and Redis are needed first:\n  apt-get install -y --no-install-recommends postgresql redis-server',
    )
    process.exitCode = 3
    return
  }
  const workspace = openWorkspace()
  let opening: Promise<Trial> | undefined
  const stopping = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const up = async (): Promise<void> => {
    say(`An installation in ${workspace.path}:`)
    opening = layOut(join(workspace.path, 'app')).then((launcher) =>
      openTrial({
        // As the image has it: a process of the sources takes ten times as long to start.
        ...{ directory: workspace.path, launcher, say },
        env: { ...settingsIn(workspace.path), LEDGER_URL: process.env['LEDGER_URL'] },
      }),
    )
    const trial = await opening
    const processes = await bringUp(trial)
    if (isCheck) {
      await check(trial, processes)
      return
    }
    tell(trial, processes)
    await stopping
  }
  try {
    const stopped = await Promise.race([up().then(() => false), stopping.then(() => true)])
    // A check that somebody ended has shown nothing.
    if (isCheck && stopped) process.exitCode = 1
  } finally {
    // What is being opened when somebody stops it is opened first.
    await takeDown(await opening?.catch(() => undefined))
    workspace.remove()
  }
}

await main()
