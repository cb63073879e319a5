// CGU-55, CGU-58: what the program does after a renewal was asked for, and does again after a crash.
import { describe, expect, it } from 'vitest'
import { createHandle } from '../../commands/handle.ts'
import type { Service } from '../../commands/program.ts'
import { completeSelfService, isSelfServiceDone, settleRenewal } from '../../commands/renewals.ts'
import { card } from '../../domain/card.ts'
import { certificate } from '../../domain/certificate.ts'
import { entity } from '../../domain/entity.ts'
import { request, type RequestEvent } from '../../domain/request.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import { log, memoryKeys, seededBytes, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'
import { on } from '../support/given.ts'
import * as f from './facts.ts'
import * as r from './renewalFacts.ts'

type Fact = ReturnType<typeof on>

/** The program over a ledger that already holds these facts. */
const open = async (...facts: readonly Fact[]) => {
  const records: Parameters<typeof openListStore>[0] = []
  const randomBytes = seededBytes()
  const parts = { keys: memoryKeys(), log, now: () => new Date(r.february), randomBytes }
  const ledger = createLedger({ store: openListStore(records), ...parts })
  const handle = createHandle({ ledger, policy: 1, release: 'test' })
  for (const [n, fact] of facts.entries()) await fact(handle, uuid(100 + n))
  const service: Service = {
    ...{ handle, ledger, policy: f.policy, randomBytes, now: () => r.february },
    actor: async () => f.program,
  }
  const statusOf = async (id: string): Promise<string> => (await ledger.load(request, id)).state.status
  return { service, statusOf, size: () => records.length }
}

const later = (...then: readonly RequestEvent[]): Fact =>
  on(request, r.R3, r.renewalRequested, r.renewalAccepted(), r.identifiedAlone, ...then)
const withdrawn: RequestEvent = { type: 'RequestClosed', data: { cause: 'withdrawn' } }

describe('the look back', () => {
  it('CGU-55: of two, in whichever order they are settled, and however often, the earlier goes on alone', async () => {
    for (const order of [
      [r.R2, r.R3],
      [r.R3, r.R2],
      [r.R3, r.R2, r.R3, r.R2],
    ]) {
      const { service, statusOf, size } = await open(...r.inUse(), r.alone(), later())
      for (const id of order) await settleRenewal(service, id, id === r.R3 ? [r.R2] : [])
      expect([await statusOf(r.R2), await statusOf(r.R3)]).toEqual(['validated', 'closed'])
      const before = size()
      for (const id of order) await settleRenewal(service, id, id === r.R3 ? [r.R2] : [])
      expect(size()).toBe(before)
    }
  })

  it('CGU-55: the later goes on when the earlier came to nothing', async () => {
    const { service, statusOf } = await open(...r.inUse(), r.alone(withdrawn), later())
    expect(await settleRenewal(service, r.R3, [r.R2])).toBe('validated')
    expect(await statusOf(r.R3)).toBe('validated')
  })

  it('CGU-59: what needs the RA stays open for it', async () => {
    const { service } = await open(...r.inUse('light'), r.atTheCounter())
    expect(await settleRenewal(service, r.R2, [])).toBe('open')
  })

  it('CGU-24: alone, but of an entity that is closed: open, and nothing is written', async () => {
    const closed = on(entity, f.E, {
      type: 'EntityClosed',
      data: { cause: 'closed', effectiveOn: '2029-01-01' },
    })
    const { service, size } = await open(...r.inUse(), closed, r.alone())
    const before = size()
    expect(await settleRenewal(service, r.R2, [])).toBe('open')
    expect(size()).toBe(before)
  })
})

describe('the end of a session alone', () => {
  const allotted = { ...f.allotted, data: { ...f.allotted.data, request: r.R2 } } as typeof f.allotted
  const used = on(card, f.C, allotted, f.written, f.pinDefined)
  const accepted = on(certificate, f.S2, f.planned, f.issued, f.acceptedByHolder)
  const session = r.alone(r.validatedLight, r.aloneSession)

  it('CGU-58: a stop between « Valider » and the end is made good: the card is handed over, not scrapped', async () => {
    const { service, statusOf } = await open(...r.inUse(), session, used, accepted)
    const file = (await service.ledger.load(request, r.R2)).state
    expect(await isSelfServiceDone(service, file)).toBe(true)
    await completeSelfService(service, r.R2)
    await completeSelfService(service, r.R2)
    expect(await statusOf(r.R2)).toBe('fulfilled')
  })

  it('CGU-58: nothing is done as long as PIN or « Valider » are missing, or at a desk', async () => {
    const written = on(card, f.C, allotted, f.written)
    const issued = on(certificate, f.S2, f.planned, f.issued)
    const atDesk = r.atTheCounter(f.identified, f.validated, f.sessionOpened)
    const cases = [
      [session, written, accepted],
      [session, used, issued],
      [atDesk, used],
      [r.alone(r.validatedLight)],
    ]
    for (const facts of cases) {
      const { service } = await open(...r.inUse(), ...facts)
      const file = (await service.ledger.load(request, r.R2)).state
      expect(await isSelfServiceDone(service, file)).toBe(false)
      await expect(completeSelfService(service, r.R2)).rejects.toMatchObject({ name: 'ProcessRefused' })
    }
  })
})
