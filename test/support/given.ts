// `given(facts).when(decider, data, by).then(events or refusal)`: one command on a ledger that already holds some facts. It
// goes the whole way, through the shell and the sealed ledger, over a store that is a list. Whatever it accepts is read back as
// it was accepted, and the same command given again writes nothing.
import { expect } from 'vitest'
import { createHandle, type Handle } from '../../commands/handle.ts'
import type { Actor, Aggregate, Command, Decider, Event } from '../../domain/kernel.ts'
import { roles, type Role } from '../../domain/lists.ts'
import { refusals, type ClauseId, type RefusalCode } from '../../domain/refusals.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { log, memoryKeys, seededBytes, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'

export const morning = '2026-03-02T09:00:00Z'

type Fact = (handle: Handle, id: string) => Promise<unknown>

/** What a stream already holds. */
export const on = <S, E extends Event>(
  aggregate: Aggregate<S, E>,
  id: string,
  ...events: readonly E[]
): Fact => {
  const decider: Decider<S, Command, E> = {
    ...{ type: 'Given', who: roles, aggregate },
    stream: () => id,
    decide: () => ({ accepted: events }),
  }
  return (handle, command) =>
    handle(decider, { type: 'Given', id: command, data: {}, by: actor('program', 0), at: morning })
}

/** Somebody in a role; the number says who, so that two roles may be one person. */
export const actor = (role: Role, person: number, entities: readonly string[] = []): Actor => ({
  ...{ person: uuid(person), role, auth: 'card', journal: uuid(9000 + person), entities },
})

/** `CGU-04 SELF_APPROVAL`: the clause and the code of a refusal. */
export type Refused = `${ClauseId} ${RefusalCode}`

type Given = Readonly<{ handle: Handle; ledger: Ledger; size: () => number }>

const open = async (facts: readonly Fact[]): Promise<Given> => {
  const records: Parameters<typeof openListStore>[0] = []
  const parts = { keys: memoryKeys(), log, now: () => new Date(morning), randomBytes: seededBytes() }
  const ledger = createLedger({ store: openListStore(records), ...parts })
  const handle = createHandle({ ledger, policy: 1, release: 'test' })
  for (const [n, fact] of facts.entries()) await fact(handle, uuid(100 + n))
  return { handle, ledger, size: () => records.length }
}

/** The newest events of a stream, opened and decoded. */
const lastOf = async <E extends Event>(
  { ledger }: Given,
  aggregate: Aggregate<unknown, E>,
  stream: string,
  count: number,
): Promise<readonly E[]> => {
  const events: E[] = []
  for await (const entry of ledger.stream(stream)) events.push(aggregate.decode(await ledger.open(entry)))
  return events.slice(events.length - count)
}

type Outcome<E> = readonly E[] | Refused

const carryOut = async <S, C extends Command, E extends Event, F>(
  facts: readonly Fact[],
  decider: Decider<S, C, E, F>,
  order: Omit<C, 'type' | 'id'>,
): Promise<Outcome<E>> => {
  const ledger = await open(facts)
  const command = { ...order, type: decider.type, id: uuid(99) } as C
  const before = ledger.size()
  const outcome = await ledger.handle(decider, command)
  if ('refused' in outcome) {
    const { clause, code, detail } = outcome.refused
    expect(refusals[code].clauses, `the clauses of ${code}`).toContain(clause)
    expect(detail).not.toMatch(/Brûlé|Zoë|@/)
    expect(ledger.size()).toBe(before)
    return `${clause} ${code}`
  }
  const { accepted, stream } = outcome
  expect(ledger.size()).toBe(before + accepted.length)
  if (accepted.length === 0) return accepted
  expect(await lastOf(ledger, decider.aggregate as Aggregate<unknown, E>, stream, accepted.length)).toEqual(
    accepted,
  )
  const again = await ledger.handle(decider, command)
  expect(again).toMatchObject({ accepted: [], replayed: true, revision: outcome.revision })
  expect(ledger.size()).toBe(before + accepted.length)
  return accepted
}

/** A ledger that already holds these facts. */
export const given = (...facts: readonly Fact[]) => ({
  when: <S, C extends Command, E extends Event, F>(
    decider: Decider<S, C, E, F>,
    data: C['data'],
    by: Actor,
    at = morning,
  ) => {
    const order = { data, by, at } as unknown as Omit<C, 'type' | 'id'>
    return {
      /** @param expected the events, as far as they are told here, or the refusal */
      then: async (expected: readonly { type: E['type']; data?: object }[] | Refused): Promise<void> => {
        const outcome = await carryOut(facts, decider, order)
        if (typeof expected === 'string') expect(outcome).toBe(expected)
        else expect(outcome).toMatchObject(expected)
      },
      /** The types of the events, `nothing`, or the refusal: for tables. */
      outcome: async (): Promise<string> => {
        const outcome = await carryOut(facts, decider, order)
        if (typeof outcome === 'string') return outcome
        return outcome.map(({ type }) => type).join(' ') || 'nothing'
      },
    }
  },
})
