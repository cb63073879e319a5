// CGU-98, CGU-99: « En cas de dysfonctionnement de la carte portant la clé privée, que ce dysfonctionnement soit lié à
// l’utilisation de la clé privée ou à une fonctionnalité annexe de la carte », its holder goes to the registration authority, which
// scraps the card and revokes the certificate. CGU-51: « En cas de blocage de la carte faisant suite à plusieurs tentatives
// successives erronées de saisie du code PIN ».
import type { Appointment } from '../domain/appointment.ts'
import { card, isAllotted, type AllottedCard, type Card, type CardEvent } from '../domain/card.ts'
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import type { CardFunction, Incident, ScrapCause, ScrapMethod } from '../domain/lists.ts'
import { isInSession } from '../domain/policy/cards.ts'
import { mandateInForce } from '../domain/policy/mandate.ts'
import { request, type Request } from '../domain/request.ts'
import { foldMandate } from './mandates.ts'

export type ReportCard = Command<
  'ReportCard',
  {
    card: string
    incident: Incident
    function?: CardFunction
    note?: string
    /** The appointment that a certification agent acts under. */
    mandate?: string
  }
>
export type ScrapCard = Command<
  'ScrapCard',
  {
    card: string
    cause: ScrapCause
    method: ScrapMethod
    minutes?: string
    /** The card in use that takes its place. */
    replacedBy?: string
  }
>

type Reporting = Readonly<{ file: Request; mandate: Appointment | undefined }>

const isGone = (incident: Incident): boolean => incident === 'lost' || incident === 'stolen'

const notForOperator = ({ data, by }: ReportCard): Decision<never> | undefined =>
  // A loss revokes: whoever may not ask for that may not report it.
  isGone(data.incident) ? refuse('CGU-62', 'REVOKER_NOT_ENTITLED', by.role) : undefined

const notForAgent = ({ by, at }: ReportCard, { file, mandate }: Reporting): Decision<never> | undefined =>
  mandate !== undefined && mandateInForce(mandate, { by, entity: entityOf(file), power: 'revoke', at })
    ? undefined
    : refuse('CGU-23', 'MANDATE_NOT_IN_FORCE', by.role)

/**
 * Whatever its holder has may be reported: also while it waits for the PIN after an unblocking. A card that waits to be scrapped,
 * or is being unblocked, may still be lost, which revokes at once (CGU-98).
 */
const reportable = ({ status, pinFor }: AllottedCard, incident: Incident): boolean =>
  status === 'inUse' ||
  status === 'blocked' ||
  (status === 'written' && pinFor === 'unblocking') ||
  ((status === 'faulty' || status === 'unblocking') && isGone(incident))

const mayNotReport = (
  command: ReportCard,
  state: AllottedCard,
  facts: Reporting,
): Decision<never> | undefined => {
  const { role, person } = command.by
  if (role === 'unblockingOperator') return notForOperator(command)
  if (role === 'mc') return notForAgent(command, facts)
  return role === 'holder' && person !== state.person
    ? refuse('CGU-43', 'CARD_OF_ANOTHER_HOLDER', role)
    : undefined
}

const entityOf = (file: Request): string => (file.status === 'unknown' ? '' : (file.identity?.entity ?? ''))

export const reportCard: Decider<Card, ReportCard, CardEvent, Reporting> = {
  type: 'ReportCard',
  who: ['holder', 'mc', 'raOfficer', 'unblockingOperator'],
  aggregate: card,
  stream: ({ data }) => data.card,
  facts: async (fold, command, state) => ({
    file: isAllotted(state) ? await fold(request, state.request) : request.initial,
    mandate: await foldMandate(fold, command),
  }),
  decide: (command, state, facts) => {
    if (!isAllotted(state)) return refuse('CGU-99', 'OUT_OF_ORDER', state.status)
    const forbidden = mayNotReport(command, state, facts)
    if (forbidden) return forbidden
    const { card: _, mandate: __, ...data } = command.data
    if (state.status !== 'inUse' && state.incident === data.incident) return accept()
    if (!reportable(state, command.data.incident)) return refuse('CGU-99', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'CardIncidentReported', data: { ...data, reporterRole: command.by.role } })
  },
}

type Scrapping = Readonly<{ holding: Request; other: Card | undefined }>

/** CGU-59: only a card in order is `replaced`, by one that its holder has in use; any other ends in revocation. */
const notReplaced = (state: AllottedCard, { data }: ScrapCard, other: Card | undefined): boolean =>
  state.status !== 'inUse' ||
  data.replacedBy === data.card ||
  other?.status !== 'inUse' ||
  other.person !== state.person

/** What an officer may not do, and the program, which ends a session, may. */
const mayNotScrap = (command: ScrapCard, state: Card, facts: Scrapping): Decision<never> | undefined => {
  if (command.by.role === 'program' || !isAllotted(state)) return undefined
  const { card: id, cause } = command.data
  if (isInSession(id, state, facts.holding)) return refuse('CGU-34', 'CARD_BUSY', state.status)
  // These two are the ends of a session, which has revoked what it had signed.
  if (cause === 'spoiled' || cause === 'refused') return refuse('CGU-99', 'OUT_OF_ORDER', cause)
  return cause === 'replaced' && notReplaced(state, command, facts.other)
    ? refuse('CGU-99', 'OUT_OF_ORDER', cause)
    : undefined
}

const gone: readonly Card['status'][] = ['unknown', 'released', 'scrapped', 'discarded']

/** CGU-99: of a card that was out of reach it may be said later that it is shredded or erased: the cause stays the first one. */
const finish = (state: Card, { data }: ScrapCard): Decision<CardEvent> => {
  if (!('method' in state) || state.method !== 'notErased' || data.method === 'notErased') return accept()
  return accept({ type: 'CardScrapped', data: { ...scrapped(data), cause: state.cause } })
}

const scrapped = ({ cause, method, minutes }: ScrapCard['data']) => ({
  ...{ cause, method },
  ...(minutes === undefined ? {} : { minutes }),
})

/** CGU-99: the RA scraps the card. Scrapping what is scrapped, or was never written, changes nothing. */
export const scrapCard: Decider<Card, ScrapCard, CardEvent, Scrapping> = {
  type: 'ScrapCard',
  who: ['raOfficer', 'program'],
  aggregate: card,
  stream: ({ data }) => data.card,
  facts: async (fold, { data }, state) => ({
    holding: isAllotted(state) ? await fold(request, state.request) : request.initial,
    other: data.replacedBy === undefined ? undefined : await fold(card, data.replacedBy),
  }),
  decide: (command, state, facts) =>
    gone.includes(state.status)
      ? finish(state, command)
      : (mayNotScrap(command, state, facts) ??
        accept({ type: 'CardScrapped', data: scrapped(command.data) })),
}
