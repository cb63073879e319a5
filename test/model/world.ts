// The same population for real: the shell, the deciders and the sealed ledger over a store that is a list.
import { createHandle, type Handle, type Outcome } from '../../commands/handle.ts'
import { appointment } from '../../domain/appointment.ts'
import { authority } from '../../domain/authority.ts'
import { card } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import type { Command, Event } from '../../domain/kernel.ts'
import { key } from '../../domain/key.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { decodeAny } from '../../domain/aggregates.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { installed } from '../commands/endOfLifeFacts.ts'
import * as f from '../commands/facts.ts'
import { log, memoryKeys, seededBytes, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'
import { actor, on } from '../support/given.ts'
import type { Model } from './model.ts'
import { desks, instantOf, namesFrom, orders, type Names, type Order } from './orders.ts'
import type { Action } from './rules.ts'
import { deskOf } from './requestRules.ts'

/** What every life begins with: conditions, an employer, the authority, an agent's mandate, two desks in service. */
const beginning = [
  f.cguInForce,
  f.employer,
  on(authority, f.issuer, installed),
  on(
    ...([appointment, f.M, f.proposed({ person: uuid(21), untilOn: '2099-12-31' })] as const),
    ...[f.checked, f.undertaken],
  ),
  ...desks.map(f.deskInService),
]

/** An event of the ledger, opened. */
export type Told = Readonly<{
  stream: string
  event: Event
  id: string
  occurredAt: string
  command: string
}>
/** A command that was given, to be given again. */
export type Given = Readonly<{ order: Order; given: Omit<Command, 'type' | 'data'> }>

export type World = Readonly<{
  handle: Handle
  ledger: Ledger
  size: () => number
  /** Of this world's population alone. */
  names: Names
  given: Given[]
  proofs: Map<number, string>
}>

/** @param base where its names begin: two populations on one ledger have two */
export const openWorld = async (base = 0): Promise<World> => {
  const records: Parameters<typeof openListStore>[0] = []
  const parts = { keys: memoryKeys(), log, randomBytes: seededBytes() }
  const now = () => new Date(Date.UTC(2026, 2, 2, 9))
  const ledger = createLedger({ store: openListStore(records), now, ...parts })
  const handle = createHandle({ ledger, policy: 1, release: 'test' })
  for (const [n, fact] of beginning.entries()) await fact(handle, uuid(100 + n))
  return {
    ...{ handle, ledger, size: () => records.length, names: namesFrom(base) },
    ...{ given: [], proofs: new Map() },
  }
}

const actors = new Map<string, ReturnType<typeof actor>>()
const actorOf = ({ role, person }: Action['who']) => {
  const known = actors.get(`${role} ${person}`)
  const made = known ?? actor(role, person, role === 'mc' ? [f.E] : [])
  actors.set(`${role} ${person}`, made)
  return made
}

/** The request whose session is at the desk, as a read model would find it. */
const atDesk = async ({ ledger, names }: World, m: Model, desk: string): Promise<string | undefined> => {
  for (const [n] of m.files.entries()) {
    const { state } = await ledger.load(request, names.request(n))
    if (state.status === 'inSession' && state.session?.desk === desk) return names.request(n)
  }
  return undefined
}

/** Gives the action's command; the model has not moved on yet. */
export const give = async (world: World, m: Model, action: Action): Promise<Outcome<Event> | undefined> => {
  const { kind, ...ask } = action
  if (kind === 'wait') return undefined
  const { names, handle, proofs } = world
  const desk = kind === 'openSession' ? await atDesk(world, m, desks[deskOf(ask.choice)]!) : undefined
  const look = { m, names, atDesk: desk, proof: (session: number) => proofs.get(session) ?? uuid(61) }
  const order = orders[kind](look, ask)
  const given = { id: names.command(world.given.length), by: actorOf(ask.who), at: instantOf(m.now) }
  world.given.push({ order, given })
  const outcome = await order(handle, given)
  if (kind === 'escrow' && 'accepted' in outcome && outcome.ids[0] !== undefined)
    proofs.set(ask.on, outcome.ids[0])
  return outcome
}

/** What became of a command, in the model's words. */
export const wordOf = (outcome: Outcome<Event>): string =>
  'refused' in outcome
    ? outcome.refused.code
    : outcome.accepted.map(({ type }) => type).join(' ') || 'nothing'

/** The states that the ledger folds to, and the model's, side by side. */
export const states = async ({ ledger, names }: World, m: Model) => {
  const real: Record<string, string> = {}
  const told: Record<string, string> = {}
  for (const [n, file] of m.files.entries()) {
    told[`request ${n}`] = file.status
    real[`request ${n}`] = (await ledger.load(request, names.request(n))).state.status
  }
  for (const [n, one] of m.cards.entries()) {
    told[`card ${n}`] = one.status
    real[`card ${n}`] = (await ledger.load(card, names.card(n))).state.status
  }
  for (const [n, one] of m.recoveries.entries()) {
    told[`recovery ${n}`] = one.status
    real[`recovery ${n}`] = (await ledger.load(recovery, names.recovery(n))).state.status
  }
  for (const [n] of m.sessions.entries()) {
    const { state } = await ledger.load(certificate, names.serial(n))
    const open = 'revocations' in state ? state.revocations.length : 0
    real[`certificate ${n}`] = `${state.status} ${open}`
    told[`certificate ${n}`] = `${m.certificates[n]!.status} ${m.certificates[n]!.asked.length}`
    real[`key ${n}`] = (await ledger.load(key, names.spki(n))).state.status
    told[`key ${n}`] = m.keys[n]!.status
  }
  return { real, told }
}

/** Everything in the ledger, in its order. */
export const history = async ({ ledger }: Pick<World, 'ledger'>): Promise<readonly Told[]> => {
  const told: Told[] = []
  for await (const entry of ledger.entries()) {
    const stored = await ledger.open(entry)
    const env = stored.pub['env'] as { occurredAt: string; commandId: string }
    told.push({
      ...{ stream: entry.stream, id: entry.id, occurredAt: env.occurredAt, command: env.commandId },
      event: decodeAny(entry.stream, stored),
    })
  }
  return told
}
