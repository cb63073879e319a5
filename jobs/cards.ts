// What a stop left open around cards: a session at a desk that was taken, certificates of a card that is lost or scrapped.
import { revokeOfCard } from '../commands/revokeOfCard.ts'
import { undoIssuance } from '../commands/undoIssuance.ts'
import type { Issuance } from '../commands/issueCertificate.ts'
import type { InTurn } from '../domain/turns.ts'
import type { Each } from './port.ts'

type Tools = Issuance & Readonly<{ inTurn: InTurn }>

/** Sessions that were opened at a desk where an earlier one is open: each closes itself, had it not come to that. */
export const closeLateSessions = (tools: Tools, requests: readonly string[], each: Each): Promise<void> =>
  each(requests, async (id) => {
    await tools.inTurn(id, () => undoIssuance(tools, id, { outcome: 'deskBusy', scrap: 'spoiled' }))
  })

/** CGU-99: revokes what is still valid on cards that are lost or scrapped. */
export const careForCards = (tools: Tools, cards: readonly string[], each: Each): Promise<void> =>
  each(cards, async (id) => {
    await tools.inTurn(`card ${id}`, () => revokeOfCard(tools, id))
  })
