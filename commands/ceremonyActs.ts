// The key ceremony's acts (RGS VI.1.1, ETSI GEN-6.5.1-13A): each key is planned before it is made, and installed once.
import { authority, type Authority, type AuthorityEvent } from '../domain/authority.ts'
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { serviceKey, type ServiceKey, type ServiceKeyEvent } from '../domain/serviceKey.ts'

type KeyData<T extends ServiceKeyEvent['type']> = Extract<ServiceKeyEvent, { type: T }>['data']

export type PlanServiceKey = Command<'PlanServiceKey', { servicekey: string } & KeyData<'ServiceKeyPlanned'>>
export type RecordServiceKey = Command<
  'RecordServiceKey',
  { servicekey: string } & KeyData<'ServiceKeyGenerated'>
>
export type InstallCaCertificate = Command<
  'InstallCaCertificate',
  { issuer: string } & AuthorityEvent['data']
>

export const planServiceKey: Decider<ServiceKey, PlanServiceKey, ServiceKeyEvent> = {
  type: 'PlanServiceKey',
  who: ['program', 'caOfficer'],
  aggregate: serviceKey,
  stream: ({ data }) => data.servicekey,
  decide: ({ data: { servicekey: _, ...data } }, state) =>
    state.status === 'unknown' ? accept({ type: 'ServiceKeyPlanned', data }) : accept(),
}

export const recordServiceKey: Decider<ServiceKey, RecordServiceKey, ServiceKeyEvent> = {
  type: 'RecordServiceKey',
  who: ['program', 'caOfficer'],
  aggregate: serviceKey,
  stream: ({ data }) => data.servicekey,
  decide: ({ data: { servicekey: _, ...data } }, state) => {
    if (state.status === 'live') return accept()
    if (state.status !== 'planned') return refuse('CGU-06', 'OUT_OF_ORDER', state.status)
    return accept({ type: 'ServiceKeyGenerated', data })
  },
}

export const installCaCertificate: Decider<Authority, InstallCaCertificate, AuthorityEvent> = {
  type: 'InstallCaCertificate',
  who: ['program', 'caOfficer'],
  aggregate: authority,
  stream: ({ data }) => data.issuer,
  decide: ({ data: { issuer: _, ...data } }, state) =>
    state.status === 'unknown' ? accept({ type: 'CaCertificateInstalled', data }) : accept(),
}
