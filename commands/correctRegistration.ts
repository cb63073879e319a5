// CGU-92, CGU-97: the data of a registration file are corrected by the holder or by the RA; who asked for it is recorded
// (CGU-111). Whatever of them has been verified is verified again; what has been certified stays as it is until revoked.
import { accept, refuse, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { cardRefusal } from '../domain/policy/cardKind.ts'
import { changedFields, identifies, type Correction } from '../domain/policy/correction.ts'
import { notForOneself } from '../domain/policy/separation.ts'
import { request, type Request, type RequestEvent, type RequestFile } from '../domain/request.ts'
import type { Looked } from './registers.ts'

/** `looked`: what the registers say of the holder as he would be. */
export type CorrectRegistration = Command<
  'CorrectRegistration',
  { request: string; values: Correction; looked?: Looked }
>

const notEntitled = (
  { by }: CorrectRegistration,
  { person }: RequestFile,
  fields: readonly string[],
): Decision<never> | undefined => {
  if (by.role !== 'holder') return notForOneself(by, person)
  if (by.person !== person) return refuse('CGU-06', 'ROLE_NOT_HELD', 'holder')
  return identifies(fields) ? refuse('CGU-06', 'ROLE_NOT_HELD', 'raOfficer') : undefined
}

const unfit = ({ matricule }: Correction): Decision<never> | undefined =>
  matricule === undefined || /^\d{10}$/.test(matricule)
    ? undefined
    : refuse('CGU-27', 'MATRICULE_INVALID', 'values.matricule')

const named = ['surname', 'givenNames', 'matricule']

/** CGU-27 to CGU-30: until the card is made, a correction makes nobody the holder of a card that he would not have been given. */
const cardLost = (
  { data: { looked, values } }: CorrectRegistration,
  { status, identity, holderKind, cardKind, path }: RequestFile,
  fields: readonly string[],
): Decision<never> | undefined => {
  const isUnderWay = status === 'open' || status === 'validated'
  if (looked === undefined || identity === undefined || !isUnderWay) return undefined
  if (!fields.some((field) => named.includes(field))) return undefined
  const { surname, givenNames, matricule } = { ...identity, ...values }
  const applicant = { holderKind, cardKind, path, surname, givenNames, matricule }
  return cardRefusal({ ...applicant, siren: undefined, agent: looked.agent })
}

export const correctRegistration: Decider<Request, CorrectRegistration, RequestEvent> = {
  type: 'CorrectRegistration',
  who: ['holder', 'raOfficer'],
  aggregate: request,
  stream: ({ data }) => data.request,
  decide: (command, state) => {
    const { values } = command.data
    if (state.status === 'unknown') return refuse('CGU-97', 'OUT_OF_ORDER', state.status)
    // At the desk the certificate is being made of these data: the session comes to its end first.
    if (state.status === 'inSession') return refuse('CGU-97', 'OUT_OF_ORDER', state.status)
    if (state.identity === undefined) return refuse('CGU-116', 'PERSONAL_DATA_DESTROYED', 'holder')
    const fields = changedFields(state.identity, values)
    const refusal = notEntitled(command, state, fields) ?? unfit(values) ?? cardLost(command, state, fields)
    if (refusal) return refusal
    if (fields.length === 0) return accept()
    return accept({
      type: 'RegistrationCorrected',
      data: {
        fields: [...fields],
        values: Object.fromEntries(fields.map((field) => [field, values[field]])),
        asker: command.by.person,
      },
    })
  },
}
