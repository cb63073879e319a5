// `npm run trial`: the processes of docker-compose.yml on this machine, where there is no container engine. PostgreSQL and Redis come from
// the system's packages; Ctrl-C takes everything down, and what was in it is gone.
import { join } from 'node:path'
import { findPostgres, findProgram } from '../support/services/programs.ts'
import { openWorkspace } from '../support/services/workspace.ts'
import { openTrial, type Trial } from './installation.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const main = async (): Promise<void> => {
  if (findPostgres() === undefined || findProgram('redis-server') === undefined) {
    say(
      'PostgreSQL and Redis are needed first:\n  apt-get install -y --no-install-recommends postgresql redis-server',
    )
    process.exitCode = 3
    return
  }
  const workspace = openWorkspace()
  let trial: Trial | undefined
  const stopping = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
  })
  const up = async (): Promise<void> => {
    say(`An installation in ${workspace.path}:`)
    trial = await openTrial({
      directory: workspace.path,
      launcher: join(import.meta.dirname, '../../cli/grand-livre.js'),
      env: { POLICY_FILE: process.env['POLICY_FILE'], LEDGER_URL: process.env['LEDGER_URL'] },
      say,
    })
    await trial.start('signer')
    await trial.run(['migrate'])
    say('  · migrate')
    const projectors = [await trial.start('projector'), await trial.start('projector')]
    const worker = await trial.start('worker')
    const api = await trial.start('api')
    const status = await trial.start('status')
    say('\nEverything is up:')
    say(`  API            ${api.said.url ?? ''}/docs`)
    say(`  CRL and OCSP   ${status.said.url ?? ''}/ac-confidentialite-mef-qualifiee.crl`)
    say(`  worker         ${worker.said.url ?? ''}/readyz`)
    say(`  projectors     ${projectors.map(({ said }) => `${said.url ?? ''}/readyz`).join(' ')}`)
    say(`  accounts       DATA_DIR=${trial.dataDir} npx grand-livre accounts add marie --role raOfficer`)
    say('\nCtrl-C takes all of it down.')
  }
  try {
    await Promise.race([up(), stopping])
    await stopping
    say('\nTaken down.')
  } finally {
    await trial?.close()
    workspace.remove()
  }
}

await main()
