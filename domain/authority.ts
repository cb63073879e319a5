// Authorities: the root and the issuing CA, `authority-<issuer>` (CGU-13, CGU-105).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { h, id, n, t, x } from './fields.ts'
import type { Aggregate } from './kernel.ts'

const CaCertificateInstalled = event('CaCertificateInstalled', {
  // No path length: the root, whose certificate is its own rootSha256.
  pub: { der: x, sha256: h, rootSha256: h, pathLength: Type.Optional(n), notAfter: t, servicekey: id },
})

export const authorityForms = [CaCertificateInstalled] as const
export type AuthorityEvent = EventOf<(typeof authorityForms)[number]>

export type Authority =
  | Readonly<{ status: 'unknown' }>
  | Readonly<{ status: 'active'; der: string; notAfter: string; servicekey: string }>

const evolve = (_: Authority, { data }: AuthorityEvent): Authority => ({
  status: 'active',
  der: data.der,
  notAfter: data.notAfter,
  servicekey: data.servicekey,
})

export const authority: Aggregate<Authority, AuthorityEvent> = {
  name: 'authority',
  initial: { status: 'unknown' },
  evolve,
  ...codec(authorityForms),
  units: () => ({}),
}
