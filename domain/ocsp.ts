// Answers on certificate status: `ocsp-<issuer>-<day>-<part>` counts a part of one day's, `ocsp-<issuer>-final` holds the last ones, which never
// end (CGU-76, CGU-88, CGU-107).
// These schemas ARE the storage format. Never edit one: add a `.v2` schema and an upcast.
import { Type } from 'typebox'
import { codec, event, type EventOf } from './event.ts'
import { h, n, sn, t } from './fields.ts'
import { unreachable, type Aggregate } from './kernel.ts'
import { ocspSigner } from './lists.ts'

const OcspActivityRecorded = event('OcspActivityRecorded', {
  pub: {
    ...{ good: n, revoked: n, unknown: n, tryLater: n, unissuedAsked: n },
    responders: Type.Array(sn),
    samples: n,
    samplesRoot: h,
    worstLagSeconds: n,
  },
})
const FinalOcspPlanned = event('FinalOcspPlanned', {
  pub: { count: n, upTo: n, thisUpdate: t, nextUpdate: t, signer: ocspSigner, serialsSha256: h },
})
const FinalOcspSigned = event('FinalOcspSigned', {
  pub: { count: n, answersRoot: h, archiveSha256: h },
})

export const ocspForms = [OcspActivityRecorded, FinalOcspPlanned, FinalOcspSigned] as const
export type OcspEvent = EventOf<(typeof ocspForms)[number]>

export type Ocsp =
  Readonly<{ status: 'none' | 'recorded' }> | Readonly<{ status: 'planned' | 'signed'; count: number }>

const evolve = (_: Ocsp, { type, data }: OcspEvent): Ocsp => {
  switch (type) {
    case 'OcspActivityRecorded':
      return { status: 'recorded' }
    case 'FinalOcspPlanned':
      return { status: 'planned', count: data.count }
    case 'FinalOcspSigned':
      return { status: 'signed', count: data.count }
    default:
      return unreachable(type)
  }
}

export const ocsp: Aggregate<Ocsp, OcspEvent> = {
  name: 'ocsp',
  initial: { status: 'none' },
  evolve,
  ...codec(ocspForms),
  units: () => ({}),
}

/** The stream of an issuer's last answers, without the aggregate's name. */
export const finalAnswersOf = (issuer: string): string => `${issuer}-final`
