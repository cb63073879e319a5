import { randomUUID } from 'node:crypto'
import { expect, it, onTestFinished } from 'vitest'
import { createActors, type Principal } from '../../commands/actors.ts'
import { removeDirectory, temporaryDirectory } from '../hsm/custody.ts'
import { eventsOf, openInstallation } from './installation.ts'

it('CGU-114: an account that passes to another person opens a journal of its own', async () => {
  const directory = await temporaryDirectory()
  onTestFinished(() => removeDirectory(directory))
  const installation = await openInstallation(directory, () => '2026-03-02T09:00:00Z')
  const { service, vault, ledger, close } = installation
  const principal = (person: string): Principal => ({
    ...{ id: 'ae-durand', kind: 'account', person, entities: [], auth: 'card' },
  })
  /** The service that runs, or one that was started since: what it keeps in memory plays no part. */
  const open = () =>
    createActors({
      ...{ handle: service.handle, journals: vault.journals, now: service.now, newId: randomUUID },
    })
  const running = open()
  const people = [randomUUID(), randomUUID()]
  const journals: string[] = []
  for (const actors of [running, running, open()])
    for (const person of people) journals.push((await actors(principal(person), 'auditor')).journal)
  expect(new Set(journals)).toEqual(new Set(journals.slice(0, 2)))

  const events = await eventsOf(ledger)
  const owners = events
    .filter(({ event }) => event.type === 'JournalOpened')
    .map(({ stream, event }) => [stream, event.data])
  for (const [i, person] of people.entries())
    expect(owners).toContainEqual([
      `journal-${journals[i]!}`,
      expect.objectContaining({ account: 'ae-durand', person }),
    ])
  await close()
})
