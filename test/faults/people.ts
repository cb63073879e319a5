// People of an installation that may be away, who do what people do then: the same order once more, with the same key.
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { InjectOptions } from 'fastify'
import { addAccount } from '../../cli/accountsFile.ts'
import type { Config } from '../../cli/config.ts'
import { ledgerOver } from '../../cli/parts.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { Embedded } from '../support/embedded.ts'
import type { OwnNode } from '../support/eventstoredb/openNode.ts'

/** What the life of a test needs of an installation. */
type Answering = Pick<Embedded, 'account' | 'enrol' | 'policy'> &
  Readonly<{
    app: Pick<Embedded['app'], 'inject'>
    services: Pick<Embedded['services'], 'now'>
    ledger: Pick<Ledger, 'load'>
  }>

export type Struck = Readonly<{
  config: Config
  node: Pick<OwnNode, 'store'>
  /** For the functions that live a life (test/support/life.ts). */
  product: Embedded
}>

type Place = Pick<Struck, 'config' | 'node'> &
  Readonly<{
    /** Where it answers now. */
    url: () => Promise<string>
    /** How long people wait before they ask again, in milliseconds. */
    askAgainMs?: number
  }>

/** Asks until the service is there and does not say that it cannot now. */
const turns = 600

type Init = Readonly<{ method: string; headers: Record<string, string>; body?: string | Buffer }>

/** A request to an application as one over HTTP. */
const initOf = ({ method = 'GET', headers = {}, payload }: InjectOptions): Init => {
  const given = headers as Record<string, string>
  if (payload === undefined) return { method, headers: given }
  const body = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload)
  return { method, headers: { 'content-type': 'application/json', ...given }, body }
}

/** A desk whose cards are held by a process that is away is told so, and to give the order again. */
const isToBeGivenAgain = (body: string): boolean => body.includes('"code":"CARD_UNREACHABLE"')

/** It is a new order then. */
const givenAgain = (init: Init): Init => ({
  ...init,
  headers: { ...init.headers, 'idempotency-key': randomUUID() },
})

export const peopleOf = ({ config, node, url, askAgainMs = 50 }: Place): Embedded => {
  const inject = async (asked: InjectOptions) => {
    const path = asked.url as string
    let init = initOf(asked)
    for (let turn = 0; turn < turns; turn += 1) {
      const at = await url()
      try {
        const response = await fetch(`${at}${path}`, init)
        const body = await response.text()
        if (isToBeGivenAgain(body)) init = givenAgain(init)
        else if (response.status !== 503)
          return { statusCode: response.status, body, json: () => JSON.parse(body) as unknown }
      } catch {
        // It was killed: it comes back.
      }
      await pause(askAgainMs)
    }
    throw new Error(`${init.method} ${path}: the service does not come back`)
  }
  // The node may be away for a moment: another store is open when it is back.
  const load: Ledger['load'] = async (...asked) => {
    for (let turn = 0; ; turn += 1)
      try {
        return await ledgerOver(node.store(), config, undefined).load(...asked)
      } catch (error) {
        if (turn === turns) throw error
        await pause(askAgainMs)
      }
  }
  const answering: Answering = {
    ...{ app: { inject } as unknown as Embedded['app'], policy: config.policy, ledger: { load } },
    services: { now: () => `${new Date().toISOString().slice(0, 19)}Z` },
    enrol: async () => undefined,
    account: (id, roles, more = {}) => {
      const { token, person } = addAccount(
        join(config.dataDir, 'accounts.json'),
        { id, roles, ...more },
        new Date(),
      )
      return { token, person, headers: { authorization: `Bearer ${token}` } }
    },
  }
  return answering as Embedded
}
