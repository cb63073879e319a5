// The processes of production for a bench, one of each role: signer, projector, worker, API and status, on a PostgreSQL, a Redis and a
// ledger server of their own. Certificates that can be revoked are there from the start.
import { mkdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { addAccount } from '../../cli/accountsFile.ts'
import { readConfig, type Config } from '../../cli/config.ts'
import { openCaller, type Caller } from '../../cli/demo/client.ts'
import { saveRegister } from '../../cli/registersFile.ts'
import { findAuthorities } from '../../commands/findChain.ts'
import { agent, employer } from '../support/life.ts'
import { openWorkspace } from '../support/services/workspace.ts'
import { beside } from '../trial/beside.ts'
import { openTrial, type Trial } from '../trial/installation.ts'
import { serve } from './eventstoredbReplay.ts'
import { openRelyingParty, type RelyingParty } from './relyingParty.ts'
import { revocable } from './revocable.ts'

export type Site = Readonly<{
  /** The next registration officer: they take turns, so that each stays within what production lets an account ask for. */
  officer: () => Caller
  /** An entity that one of them has verified. */
  entity: string
  relying: RelyingParty
  /** The next certificate that nobody has revoked yet. */
  next: () => string
}>

/** 300 commands a minute are an account's. */
const officers = 12

const launcher = process.env['GRAND_LIVRE_LAUNCHER'] ?? join(import.meta.dirname, '../../cli/grand-livre.js')

/** Certificates of the authority, and an agent whom the referential knows. */
const furnish = (config: Config, count: number): Promise<readonly string[]> =>
  beside(config, async ({ ledger, handle, custody, now }) => {
    const authorities = await findAuthorities({ ledger, policy: config.policy })
    if (authorities === undefined) throw new Error('there is no authority: migrate has not made it')
    await saveRegister({ dataDir: config.dataDir, key: custody.registersKey }, 'referential', [
      { matricule: agent.matricule, surname: agent.surname, givenNames: agent.givenNames, active: true },
    ])
    return revocable({ handle, now, issuer: authorities.ca.id }, count)
  })

const bringUp = async (trial: Trial, count: number) => {
  await trial.start('signer')
  await trial.run(['migrate'])
  const config = readConfig(trial.env)
  const serials = await furnish(config, count)
  const [api, status] = await Promise.all([
    trial.start('api'),
    trial.start('status'),
    trial.start('projector'),
    trial.start('worker'),
  ])
  const accounts = join(trial.dataDir, 'accounts.json')
  const callers = Array.from({ length: officers }, (_, n) => {
    const { token } = addAccount(accounts, { id: `marie-${n}`, roles: ['raOfficer'] }, new Date())
    return openCaller(api.said.url ?? '', token)
  })
  const relying = await openRelyingParty(status.said.url ?? '', config.policy)
  return { callers, relying, serials }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Rejects when somebody wants this run to end: its processes do not end by themselves. */
const whenInterrupted = () => {
  let end: (signal: NodeJS.Signals) => void = () => undefined
  const interrupted = new Promise<never>((_, reject) => {
    end = (signal) => reject(new Error(signal))
  })
  for (const signal of signals) process.once(signal, end)
  return {
    interrupted,
    forget: () => {
      for (const signal of signals) process.off(signal, end)
    },
  }
}

const openServers = async (directory: string) => {
  const ledger = join(directory, 'ledger')
  mkdirSync(ledger, { mode: 0o700 })
  const server = await serve(ledger)
  const often = '1000000'
  try {
    const trial = await openTrial({
      ...{ directory, launcher, say: () => undefined },
      env: {
        ...{ ESCROW_STOCK: '0', LEDGER_URL: server.connectionString },
        ...{ RATE_LIMIT_API: often, RATE_LIMIT_PUBLICATION: often },
      },
    })
    return { trial, server }
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** @param count how many certificates can be revoked */
export const withSite = async <T>(count: number, act: (site: Site) => Promise<T>): Promise<T> => {
  const workspace = openWorkspace()
  const { interrupted, forget } = whenInterrupted()
  const { trial, server } = await openServers(workspace.path)
  const stops: (() => Promise<void>)[] = []
  const measured = async (): Promise<T> => {
    const { serials, callers, relying } = await bringUp(trial, count)
    stops.push(relying.stop)
    // By each of them: his journal is open before anything is measured.
    const [verified] = await Promise.all(callers.map((caller) => caller.post('/entities', employer)))
    // An answer about each is there: none is being made ready beside what is measured.
    await Promise.all(serials.map((serial) => relying.good(serial)))
    let asked = 0
    const officer = (): Caller => {
      const caller = callers[(asked += 1) % callers.length]
      if (caller === undefined) throw new Error('there is no officer')
      return caller
    }
    const left = [...serials]
    const next = (): string => {
      const serial = left.pop()
      if (serial === undefined) throw new Error('every certificate is revoked')
      return serial
    }
    return act({ officer, entity: verified?.id ?? '', relying, next })
  }
  try {
    return await Promise.race([measured(), interrupted])
  } catch (error) {
    const log = await readFile(join(workspace.path, 'api.log'), 'utf8').catch(() => '')
    throw new Error(`the log of the API ends with:\n${log.slice(-2000)}`, { cause: error })
  } finally {
    for (const stop of stops) await stop()
    await trial.close()
    await server.stop()
    workspace.remove()
    forget()
  }
}
