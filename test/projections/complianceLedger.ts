// A month in the life of a small authority, told as facts that keep every clause; and what can be done to it so that one does
// not. Each step has its day, its author and its stream.
import { card } from '../../domain/card.ts'
import { certificate, type CertificateEvent } from '../../domain/certificate.ts'
import { component } from '../../domain/component.ts'
import { crl } from '../../domain/crl.ts'
import { document } from '../../domain/document.ts'
import { journal } from '../../domain/journal.ts'
import type { Actor, Aggregate, Command, Decider, Event } from '../../domain/kernel.ts'
import { key } from '../../domain/key.ts'
import { roles } from '../../domain/lists.ts'
import { recovery } from '../../domain/recovery.ts'
import { request } from '../../domain/request.ts'
import { createHandle } from '../../commands/handle.ts'
import type { DataKeys, Ledger } from '../../ledger/ledger.ts'
import { createLedger } from '../../ledger/sealedLedger.ts'
import * as c from '../commands/controlsFacts.ts'
import * as f from '../commands/facts.ts'
import { log, memoryKeys, seededBytes, uuid } from '../ledger/filled.ts'
import { openListStore } from '../ledger/listStore.ts'

type Step = Readonly<{
  at: string
  by: Actor
  on: Aggregate<unknown, Event>
  id: string
  events: readonly Event[]
}>
export type Month = Readonly<Record<string, Step>>

const step = <S, E extends Event>(
  [at, by]: readonly [string, Actor],
  on: Aggregate<S, E>,
  id: string,
  ...events: readonly E[]
): Step => ({ at, by, on: on as unknown as Aggregate<unknown, Event>, id, events })

const but = <E extends Event>(event: E, data: object): E => ({ ...event, data: { ...event.data, ...data } })

const { R, C, Q, S, K, holder, ra, officerA, officerB, program } = f
const { D, A1 } = c
const at = (day: number, hour = 9): string =>
  `2026-03-${String(day).padStart(2, '0')}T${String(hour).padStart(2, '0')}:00:00Z`

/** A CRL that shows what ranks before `upTo`. */
export const list = (number: number, day: number, upTo: number, nextUpdate: string): Month => ({
  [`crl${number}`]: step(
    [at(day), program],
    crl,
    `${f.issuer}-${number}`,
    {
      type: 'CrlPlanned',
      data: { thisUpdate: at(day), nextUpdate, upTo, entries: 0, last: false, profileVersion: 1 },
    },
    {
      type: 'CrlIssued',
      data: {
        ...{ tbsSha256: f.digest, signatureAlgorithm: 'x', signature: 'c2ln', sha256: f.digest },
        ...{ bytes: 1, statusTableSha256: f.digest },
      },
    },
  ),
})

const asked: CertificateEvent = {
  type: 'RevocationRequested',
  data: {
    ...{ revocation: uuid(90), requesterRole: 'holder', channel: 'faceToFace', firstReceivedBy: 'raOfficer' },
    ...{ firstReceivedAt: at(9, 8), signatureForm: 'handwritten', holderName: "Zoë D'ÉTÉ-BRÛLÉ" },
    ...{ requesterName: 'Noé Garçon', locator: S },
  },
}
const revoked: CertificateEvent = {
  type: 'CertificateRevoked',
  data: {
    ...{ revokedAt: at(9, 10), origin: 'request', revocation: uuid(90), authentication: 'identityDocument' },
  },
}
const { caOfficer: ca, supervisor, auditor } = c

/** Everything in its order. */
export const month = (): Month => ({
  qualification: step([at(1), ca], document, 'qualification', {
    type: 'DocumentAdopted',
    data: {
      ...{
        version: '2026',
        sha256: f.digest,
        effectiveFrom: '2026-01-01T00:00:00Z',
        validUntil: '2028-12-31',
      },
      approvedBy: 'caOfficer',
    },
  }),
  declared: step([at(1), ca], component, D, c.declared),
  ordered: step([at(1), supervisor], component, D, but(c.ordered(A1), { dueOn: '2026-03-31' })),
  controlled: step([at(1, 11), auditor], component, D, c.completed(A1)),
  commissioned: step([at(1, 12), ca], component, D, c.commissioned(A1)),
  ...list(1, 2, 0, at(5)),
  requested: step([at(2), ra], request, R, f.requested()),
  cgu: step([at(2), holder], request, R, f.accepted),
  identified: step([at(2), f.mc], request, R, f.identified),
  validated: step([at(2), actorB], request, R, f.validated),
  session: step([at(2), ra], request, R, but(f.sessionOpened, { desk: D })),
  allotted: step([at(2), ra], card, C, f.allotted),
  bound: step([at(2), program], key, K, f.bound),
  escrowed: step([at(2), program], key, K, f.escrowed),
  planned: step([at(2), program], certificate, S, f.planned),
  issued: step([at(2), program], certificate, S, f.issued),
  written: step([at(2), program], card, C, f.written),
  accepted: step([at(2), holder], certificate, S, f.acceptedByHolder),
  pin: step([at(2), holder], card, C, f.pinDefined),
  handedOver: step([at(2), ra], request, R, f.handedOver),
  ...list(2, 4, 24, at(12)),
  recovery: step([at(5), officerA], recovery, Q, f.asked({ recorder: officerA.person })),
  approvedA: step([at(5), officerB], recovery, Q, f.approvedBy(6, at(9))),
  approvedB: step([at(5), f.officerC], recovery, Q, f.approvedBy(7, at(9))),
  recovering: step([at(6), program], key, K, f.recoveryStarted),
  recovered: step([at(6), program], key, K, f.recoveredKey),
  delivered: step([at(6), officerA], recovery, Q, f.delivered),
  journal: step([at(7), ra], journal, ra.journal, {
    type: 'JournalOpened',
    data: { quarter: '2026-Q1', kind: 'account', account: 'marie.durand', person: ra.person },
  }),
  refusal: step([at(7), ra], journal, ra.journal, {
    type: 'CommandRefused',
    data: { command: 'ValidateRequest', code: 'SELF_APPROVAL', clause: 'CGU-04', detail: 'raOfficer' },
  }),
  asked: step([at(9, 9), ra], certificate, S, asked),
  revoked: step([at(9, 10), actorB], certificate, S, revoked),
  ...list(3, 10, 9999, '2026-04-10T09:00:00Z'),
})
const actorB = { ...ra, person: uuid(19), journal: uuid(9019) }

/** The steps but for some. */
export const without = (steps: Month, ...names: readonly string[]): Month =>
  Object.fromEntries(Object.entries(steps).filter(([name]) => !names.includes(name)))

/** A step with other fields in its first event, or by somebody else, or at another time. */
export const changed = (
  steps: Month,
  name: string,
  data: object,
  more: Partial<Pick<Step, 'at' | 'by'>> = {},
): Month => {
  const { events, ...rest } = steps[name]!
  const [first, ...others] = events
  return { ...steps, [name]: { ...rest, ...more, events: [but(first!, data), ...others] } }
}

/** More steps right after one. */
export const after = (steps: Month, name: string, more: Month): Month =>
  Object.fromEntries(
    Object.entries(steps).flatMap((entry) =>
      entry[0] === name ? [entry, ...Object.entries(more)] : [entry],
    ),
  )

export const extra = step

export type Book = Readonly<{
  ledger: Ledger
  tell: (steps: Month) => Promise<void>
  names: readonly string[]
}>

/** A ledger that holds the steps. */
export const write = async (steps: Month, keys: DataKeys = memoryKeys()): Promise<Book> => {
  let clock = at(1)
  let count = 0
  const parts = { keys, log, now: () => new Date(clock), randomBytes: seededBytes() }
  const ledger = createLedger({ store: openListStore(), ...parts })
  const handle = createHandle({ ledger, policy: 1, release: 'test' })
  const tell = async (more: Month): Promise<void> => {
    for (const { at: instant, by, on, id, events } of Object.values(more)) {
      clock = instant > clock ? instant : clock
      count += 1
      const decider: Decider<unknown, Command, Event> = {
        ...{
          type: 'Given',
          who: roles,
          aggregate: on,
          stream: () => id,
          decide: () => ({ accepted: events }),
        },
      }
      await handle(decider, { type: 'Given', id: uuid(70_000 + count), data: {}, by, at: instant })
    }
  }
  await tell(steps)
  const names = [
    'BRÛLÉ',
    'Brûlé',
    'Zoë',
    'Zoe',
    'Garçon',
    'douane.example',
    '0012345678',
    '8925',
    'marie.durand',
  ]
  return { ledger, tell, names }
}
