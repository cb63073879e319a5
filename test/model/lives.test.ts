// Whole random lives of a small population, lived on the real ledger and in the model at the same time: what is done is accepted
// or refused as the model says, and in the end both are in the same state.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { broken } from './invariants.ts'
import { emptyModel, type Model } from './model.ts'
import { kinds, live, next, whole, type Action, type Draw, type Scope } from './rules.ts'
import { give, history, openWorld, states, wordOf, type Told, type World } from './world.ts'

const draw: fc.Arbitrary<Draw> = fc.record({
  // Mostly what is possible, so that lives get far; else anything, whoever gives it.
  possible: fc.oneof(
    { weight: 7, arbitrary: fc.constant(true) },
    { weight: 3, arbitrary: fc.constant(false) },
  ),
  kind: fc.nat(9_999),
  who: fc.nat(99),
  on: fc.nat(99),
  choice: fc.nat(999),
})

/** Does it in the world and in the model; both must say the same. */
const step = async (world: World, m: Model, action: Action): Promise<string> => {
  const outcome = await give(world, m, action)
  const expected = live(m, action)
  if (outcome === undefined) return 'nothing'
  const word = wordOf(outcome)
  const said = `${action.kind} by ${action.who.role} ${action.who.person} on ${action.on}`
  if ('events' in expected) expect([said, word]).toEqual([said, expected.events.join(' ')])
  else expect(expected.reasons, `${said}: ${word}`).toContain(word)
  return word
}

const notShared = kinds.filter((kind) => !['wait', 'stop', 'resume'].includes(kind))
const atDesk = (draws: readonly Draw[], desk: number): readonly Draw[] =>
  draws.map((one) => ({ ...one, choice: one.choice - (one.choice % 2) + desk }))

/** What each stream says, whenever it was said. */
const byStream = (events: readonly Told[]): Readonly<Record<string, readonly unknown[]>> => {
  const streams: Record<string, unknown[]> = {}
  for (const { stream, event } of events) (streams[stream] ??= []).push([event.type, event.data])
  return streams
}

type Lived = Readonly<{ world: World; m: Model; words: readonly string[] }>

const liveThrough = async (draws: readonly Draw[], scope: Scope = whole, base = 0): Promise<Lived> => {
  const world = await openWorld(base)
  const m = emptyModel()
  const words: string[] = []
  for (const one of draws) {
    const action = next(m, scope, one)
    if (action !== undefined) words.push(await step(world, m, action))
  }
  return { world, m, words }
}

const settings = { seed: 20_260_302, numRuns: 50 }

/** How often each event, and each refusal, has to be met over all lives: a test that never gets there proves nothing. */
const least: Readonly<Record<string, number>> = {
  ...{
    CertificateRequested: 75,
    CguAccepted: 70,
    DossierCompleted: 35,
    IdentityVerified: 65,
    RequestValidated: 55,
  },
  ...{ SessionOpened: 30, SessionClosed: 2, RequestClosed: 10, RequestRejected: 3, RequestReturned: 5 },
  ...{ CardAllotted: 30, PublicKeyBound: 30, KeyEscrowed: 25, CertificatePlanned: 15, CertificateIssued: 15 },
  ...{
    CertificateAbandoned: 3,
    CardWritten: 25,
    CardPinDefined: 25,
    CertificateAccepted: 12,
    CardHandedOver: 5,
  },
  ...{
    CardIncidentReported: 20,
    CardUnblockingStarted: 5,
    CardUnblocked: 3,
    CardScrapped: 2,
    CardWriteFailed: 2,
  },
  ...{ RevocationRequested: 12, CertificateRevoked: 6, IssuanceStopped: 5, IssuanceResumed: 5 },
  ...{
    RecoveryRequested: 15,
    RecoveryApproved: 15,
    RecoveryDelivered: 1,
    RecoveryRejected: 8,
    RecoveryClosed: 2,
  },
  ...{ KeyRecoveryStarted: 5, KeyRecovered: 4, KeyRecoveryFailed: 1 },
  // Refusals.
  ...{
    CARD_BUSY: 4,
    CARD_OF_ANOTHER_HOLDER: 4,
    CERTIFICATE_UNKNOWN: 15,
    KEY_NOT_ESCROWED: 3,
    SELF_APPROVAL: 2,
  },
  ...{ OUT_OF_ORDER: 60, ROLE_NOT_HELD: 25, PERSON_MISMATCH: 1, RECOVERY_NOT_APPROVED: 1, nothing: 100 },
}

/** What a check has to notice: without its cause, what follows from it breaks the clause. */
const causes = [
  ['CGU-38', 'KeyEscrowed', 'CertificateIssued'],
  ['CGU-35', 'CardPinDefined', 'CardHandedOver'],
  ['CGU-35', 'CardAllotted', 'CardHandedOver'],
  ['CGU-35', 'CertificateAccepted', 'CardHandedOver'],
  ['CGU-46', 'RecoveryApproved', 'RecoveryDelivered'],
] as const

const noticed = (events: readonly Told[]): void => {
  for (const [clause, cause, then] of causes) {
    if (!events.some(({ event }) => event.type === then)) continue
    const found = broken(events.filter(({ event }) => event.type !== cause))
    expect(found.join(), `${then} without ${cause}`).toContain(clause)
  }
}

// Alone on a quiet core it takes seconds; beside all other tests it may take minutes.
describe('lives of a small population', { timeout: 300_000 }, () => {
  it('CGU-34, CGU-38, CGU-46, CGU-75, CGU-99: what is done comes to what the model says, and so do the states', async () => {
    const met = new Map<string, number>()
    const count = (word: string) => met.set(word, (met.get(word) ?? 0) + 1)
    const lives = fc.array(draw, { minLength: 40, maxLength: 80, size: 'max' })
    await fc.assert(
      fc.asyncProperty(lives, fc.nat(99), async (draws, again) => {
        const { world, m, words } = await liveThrough(draws)
        words.flatMap((word) => word.split(' ')).forEach(count)
        const { real, told } = await states(world, m)
        expect(real).toEqual(told)
        const events = await history(world)
        expect(broken(events)).toEqual([])
        noticed(events)
        // The same command twice: whatever was accepted, whenever it is given again, writes nothing.
        const accepted = world.given.filter(({ given }) => events.some(({ command }) => command === given.id))
        const one = accepted[again % Math.max(1, accepted.length)]
        if (one === undefined) return
        expect(await one.order(world.handle, one.given)).toMatchObject({ accepted: [], replayed: true })
        expect(world.size()).toBe(events.length)
      }),
      settings,
    )
    for (const [word, times] of Object.entries(least))
      expect(met.get(word) ?? 0, `${word} was met too seldom`).toBeGreaterThanOrEqual(times)
  })

  it('CGU-34: what two unrelated people do comes to the same in any order', async () => {
    // Each at a desk of his own; time and the authority are everybody's.
    const alone = (holder: number): Scope => ({ holders: [holder], kinds: notShared })
    const draws = fc.array(draw, { minLength: 25, maxLength: 40, size: 'max' })
    await fc.assert(
      fc.asyncProperty(draws, draws, fc.infiniteStream(fc.boolean()), async (first, second, turns) => {
        const lists = [
          (await liveThrough(atDesk(first, 0), alone(0))).world.given,
          (await liveThrough(atDesk(second, 1), alone(1), 1_000_000)).world.given,
        ]
        const [inTurn, mixed] = [await openWorld(), await openWorld()]
        for (const one of lists.flat()) await one.order(inTurn.handle, one.given)
        const rest = lists.map((list) => [...list])
        while (rest.some((list) => list.length > 0)) {
          const one = rest[turns.next().value === true ? 1 : 0]!.shift()
          if (one !== undefined) await one.order(mixed.handle, one.given)
        }
        expect(byStream(await history(mixed))).toEqual(byStream(await history(inTurn)))
      }),
      { ...settings, numRuns: 15 },
    )
  })
})
