// Facts of a card's life after it was written: what the tables of cards.test.ts begin with.
import type { CardEvent } from '../../domain/card.ts'
import { actor } from '../support/given.ts'
import * as f from './facts.ts'

export const operator = actor('unblockingOperator', 60)

export const stocked: CardEvent = {
  type: 'CardStocked',
  data: { model: 'software-qscd', kind: 'agent', ra: 'dgddi', chipNumber: '8925 0000 0042' },
}
export const released: CardEvent = { type: 'CardReleased', data: { cause: 'lapsed' } }
export const spoiled: CardEvent = {
  type: 'CardWriteFailed',
  data: { serials: [f.S], stage: 'write', fault: 'KeyFault' },
}
export const reported = (incident: 'blocked' | 'faulty' | 'lost' | 'stolen'): CardEvent => ({
  type: 'CardIncidentReported',
  data: { incident, reporterRole: 'holder' },
})
export const unblocking: CardEvent = {
  type: 'CardUnblockingStarted',
  data: { askedBy: 'holder', identityMethod: 'inPerson', method: 'puk', documentNumber: '880692310285' },
}
export const unblocked: CardEvent = { type: 'CardUnblocked', data: {} }
export const notUnblocked: CardEvent = {
  type: 'CardUnblockFailed',
  data: { fault: 'pukWrong', triesLeft: 4 },
}

const notErased = (cause: 'faulty' | 'spoiled'): CardEvent => ({
  type: 'CardScrapped',
  data: { cause, method: 'notErased' },
})

const used = [f.allotted, f.written, f.pinDefined]

/** A card in every state that there is. */
export const cardLives = {
  unknown: [],
  inStock: [stocked],
  discarded: [stocked, f.scrapped],
  allotted: [f.allotted],
  written: [f.allotted, f.written],
  spoiled: [f.allotted, spoiled],
  released: [f.allotted, released],
  inUse: used,
  blocked: [...used, reported('blocked')],
  faulty: [...used, reported('faulty')],
  lost: [...used, reported('stolen')],
  unblocking: [...used, reported('blocked'), unblocking],
  scrapped: [...used, { type: 'CardScrapped', data: { cause: 'faulty', method: 'shredded' } }],
  notErased: [...used, notErased('faulty')],
  /** From the stock, never allotted. */
  leftThere: [stocked, notErased('spoiled')],
} satisfies Record<string, readonly CardEvent[]>
