// An installation in a process of its own, as `grand-livre start` opens it on EventStoreDB and PostgreSQL, with a striker at
// each of its durable steps. The keys of holders come ready-made: what is tried here is not how long they take.
import { writeSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createApp } from '../../api/app.ts'
import { readConfig } from '../../cli/config.ts'
import { openCustody, openReadModels, openStore } from '../../cli/parts.ts'
import { webSettings } from '../../cli/signInConfig.ts'
import { compose } from '../../main.ts'
import { deskInService } from '../commands/facts.ts'
import { holderKeys, transportPair } from '../support/holderKeys.ts'
import { openStriker, strikeAppends, strikeDatabase, strikeFiles, type Strike } from './strike.ts'

// Written at once: a process that is killed has said what it came to.
const say = (line: object): void => void writeSync(1, `${JSON.stringify(line)}\n`)

const striker = openStriker(JSON.parse(process.env['STRIKES'] ?? '[]') as Strike[], say)
strikeFiles(striker)
strikeDatabase(striker)

const config = readConfig(process.env)
// A person who comes back after a crash gets no new key: those that the escrow has are passed over.
const custody = await openCustody(config, {
  clock: striker.clock,
  cost: 2,
  holderKeys: holderKeys(() => custody.vault.escrow.inventory()),
  transportPair,
})
const store = await openStore(config)
const database = await openReadModels(config)
const parts = { store: strikeAppends(store, striker), custody, database, clock: striker.clock }
const product = await compose(config, parts, { release: 'test', watchMs: 50, passphraseIterations: 1000 })
// The first start has desks made, as another one finds them.
const desks = process.env['DESKS']?.split(',') ?? []
for (const desk of desks) await deskInService(desk)(product.service.handle, desk)
const app = await createApp(product.services, {
  log: { level: 'error', stream: process.stderr },
  ...webSettings(config),
  limits: { ...config.signIn.limits, api: 100_000, commands: 100_000, reads: 100_000 },
})
await app.listen({ host: '127.0.0.1', port: 0 })
say({ port: (app.server.address() as AddressInfo).port })

process.once('SIGTERM', () => {
  void (async () => {
    await app.close()
    await product.settled()
    await product.stop()
    await store.close()
    await custody.close()
    await database.close()
    process.exit(0)
  })()
})
