// The key ceremony's acts (RGS VI.1.1, ETSI GEN-6.5.1-13A): each key is planned before it is made, and installed once.
import { authority, type Authority, type AuthorityEvent } from '../domain/authority.ts'
import { accept, refuse, type Actor, type Command, type Decider, type Decision } from '../domain/kernel.ts'
import { alone, keyHolders, presentAt, type Second } from '../domain/policy/dualControl.ts'
import { serviceKey, type ServiceKey, type ServiceKeyEvent } from '../domain/serviceKey.ts'

type KeyData<T extends ServiceKeyEvent['type']> = Extract<ServiceKeyEvent, { type: T }>['data']

export type PlanServiceKey = Command<
  'PlanServiceKey',
  { servicekey: string; second?: Second; present: string } & Omit<KeyData<'ServiceKeyPlanned'>, 'present'>
>
export type RecordServiceKey = Command<
  'RecordServiceKey',
  { servicekey: string; second?: Second; present: string } & Omit<KeyData<'ServiceKeyGenerated'>, 'present'>
>
export type PlanCaCertificate = Command<
  'PlanCaCertificate',
  { issuer: string } & Extract<AuthorityEvent, { type: 'CaCertificatePlanned' }>['data']
>
export type InstallCaCertificate = Command<
  'InstallCaCertificate',
  { issuer: string } & Extract<AuthorityEvent, { type: 'CaCertificateInstalled' }>['data']
>

/** The program's own ceremony has no witness, and says so in its minutes; a person needs a second one. */
const single = (by: Actor, second: Second | undefined): Decision<never> | undefined =>
  by.role === 'program' ? undefined : alone(by, second)

export const planServiceKey: Decider<ServiceKey, PlanServiceKey, ServiceKeyEvent> = {
  type: 'PlanServiceKey',
  who: ['program', ...keyHolders],
  aggregate: serviceKey,
  stream: ({ data }) => data.servicekey,
  decide: ({ data: { servicekey: _, second, ...data }, by }, state) =>
    single(by, second) ??
    (state.status === 'unknown'
      ? accept({
          type: 'ServiceKeyPlanned',
          data: { ...data, present: presentAt(by, second, data.present) },
        })
      : accept()),
}

export const recordServiceKey: Decider<ServiceKey, RecordServiceKey, ServiceKeyEvent> = {
  type: 'RecordServiceKey',
  who: ['program', ...keyHolders],
  aggregate: serviceKey,
  stream: ({ data }) => data.servicekey,
  decide: ({ data: { servicekey: _, second, ...data }, by }, state) => {
    const forbidden = single(by, second)
    if (forbidden) return forbidden
    if ('copies' in state) return accept()
    if (state.status !== 'planned') return refuse('CGU-06', 'OUT_OF_ORDER', state.status)
    return accept({
      type: 'ServiceKeyGenerated',
      data: { ...data, present: presentAt(by, second, data.present) },
    })
  },
}

/** The plan that stands is the one that is signed: whoever plans again, after a stop, reads it. */
export const planCaCertificate: Decider<Authority, PlanCaCertificate, AuthorityEvent> = {
  type: 'PlanCaCertificate',
  who: ['program', 'caOfficer'],
  aggregate: authority,
  stream: ({ data }) => data.issuer,
  decide: ({ data: { issuer: _, ...data } }, state) =>
    state.status === 'unknown' && state.plan === undefined
      ? accept({ type: 'CaCertificatePlanned', data })
      : accept(),
}

export const installCaCertificate: Decider<Authority, InstallCaCertificate, AuthorityEvent> = {
  type: 'InstallCaCertificate',
  who: ['program', 'caOfficer'],
  aggregate: authority,
  stream: ({ data }) => data.issuer,
  decide: ({ data: { issuer: _, ...data } }, state) =>
    state.status === 'unknown' ? accept({ type: 'CaCertificateInstalled', data }) : accept(),
}
