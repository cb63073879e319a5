// CGU-88: « Génère pour chaque certificat émis, une dernière réponse OCSP dont la fin de validité est positionnée au 31 décembre
// 9999, 23h59m59s ». Planned once, for every serial that was ever issued; signed by the CA's key while it exists.
// CGU-107: what the responder answered on each day, part by part (commands/ocspActivity.ts).
import { authority, type Authority } from '../domain/authority.ts'
import { crl, type Crl } from '../domain/crl.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { finalAnswersOf, ocsp, type Ocsp, type OcspEvent } from '../domain/ocsp.ts'
import { endOfTime, lastCrlMissing } from '../domain/policy/endOfLife.ts'

type Data<T extends OcspEvent['type']> = Extract<OcspEvent, { type: T }>['data']
type Of<T> = { issuer: string } & T

export type RecordOcspActivity = Command<
  'RecordOcspActivity',
  Of<{ day: string; part: string } & Data<'OcspActivityRecorded'>>
>
export type PlanFinalOcsp = Command<'PlanFinalOcsp', Of<{ lastCrl: number } & Data<'FinalOcspPlanned'>>>
export type RecordFinalOcsp = Command<'RecordFinalOcsp', Of<Data<'FinalOcspSigned'>>>

export const recordOcspActivity: Decider<Ocsp, RecordOcspActivity, OcspEvent> = {
  type: 'RecordOcspActivity',
  who: ['program'],
  aggregate: ocsp,
  stream: ({ data: { issuer, day, part } }) => `${issuer}-${day}-${part}`,
  decide: ({ data: { issuer: _, day: __, part: ___, ...data } }, state) =>
    state.status === 'none' ? accept({ type: 'OcspActivityRecorded', data }) : accept(),
}

const onFinal = {
  aggregate: ocsp,
  stream: ({ data }: { data: { issuer: string } }) => finalAnswersOf(data.issuer),
}

type Facts = Readonly<{ authority: Authority; list: Crl }>

export const planFinalOcsp: Decider<Ocsp, PlanFinalOcsp, OcspEvent, Facts> = {
  ...onFinal,
  type: 'PlanFinalOcsp',
  who: ['caOfficer'],
  facts: async (fold, { data }) => ({
    authority: await fold(authority, data.issuer),
    list: await fold(crl, `${data.issuer}-${data.lastCrl}`),
  }),
  decide: ({ data: { issuer: _, lastCrl: __, ...data } }, state, facts) => {
    if (state.status !== 'none') return accept()
    const missing = lastCrlMissing(facts.list)
    if (missing) return missing
    if (data.nextUpdate !== endOfTime) return refuse('CGU-88', 'OUT_OF_ORDER', data.nextUpdate)
    const issued = 'issued' in facts.authority ? facts.authority.issued : undefined
    return data.count === issued
      ? accept({ type: 'FinalOcspPlanned', data })
      : refuse('CGU-88', 'FINAL_ANSWERS_INCOMPLETE', `${data.count} of ${issued ?? 'none'}`)
  },
}

export const recordFinalOcsp: Decider<Ocsp, RecordFinalOcsp, OcspEvent> = {
  ...onFinal,
  type: 'RecordFinalOcsp',
  who: ['program'],
  decide: ({ data: { issuer: _, ...data } }, state) => {
    if (state.status === 'signed') return accept()
    if (state.status !== 'planned') return refuse('CGU-88', 'OUT_OF_ORDER', state.status)
    return data.count === state.count
      ? accept({ type: 'FinalOcspSigned', data })
      : refuse('CGU-88', 'FINAL_ANSWERS_INCOMPLETE', `${data.count} of ${state.count}`)
  },
}
