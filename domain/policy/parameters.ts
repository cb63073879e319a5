// CGU-06: « Ensemble des pratiques à mettre en œuvre pour satisfaire aux exigences de la PC »: a parameter may say what the CGU
// leave open, and nothing against what they say. CGU-18: « d’une période de trois ans ». CGU-41: ten years of escrow. CGU-46:
// two approvals. CGU-76: within 24 hours. CGU-113 to CGU-115: « conservés 7 ans ». CGU-123: « au minimum une fois tous les deux
// ans ».
import type { Parameters } from '../document.ts'
import type { Json } from '../kernel.ts'
import type { Policy } from './policy.ts'

type Name = keyof Parameters
type Bounds = readonly [least: number, most: number]

const exactly = (value: number): Bounds => [value, value]
const atMost = (value: number): Bounds => [1, value]
const atLeast = (value: number): Bounds => [value, Number.MAX_SAFE_INTEGER]

const bounds: Partial<Record<Name, Bounds>> = {
  validityYears: exactly(3),
  escrowYears: exactly(10),
  revocationHours: atMost(24),
  crlEveryHours: atMost(24),
  pinTries: atLeast(1),
  mandateMaxAgeMonths: atMost(3),
  requestLapseDays: atLeast(1),
  sessionMinutes: atLeast(1),
  acceptanceMinutes: atLeast(1),
  recoveryQuorum: atLeast(2),
  approvalHours: atLeast(1),
  regYears: exactly(7),
  journalYears: exactly(7),
  recoveryYears: exactly(7),
  terminationNoticeMonths: atLeast(1),
  controlEveryMonths: atMost(24),
}

const outside = (values: Parameters, [name, [least, most]]: readonly [string, Bounds]): boolean => {
  const value = values[name as Name] as number
  return value < least || value > most
}

/** CGU-12, CGU-54, CGU-70: lists that may not be empty; D2: a list is followed before it ends. */
const others: readonly (readonly [Name, (values: Parameters) => boolean])[] = [
  ['crlValidityHours', ({ crlEveryHours, crlValidityHours }) => crlValidityHours <= crlEveryHours],
  ['noticeLeadDays', ({ noticeLeadDays: days }) => days.length === 0 || days.some((day) => day < 1)],
  ['ras', ({ ras }) => ras.length === 0],
  ['sites', ({ sites }) => sites.length === 0],
]

/** The first parameter that contradicts the CGU, if any. */
export const outOfBounds = (values: Parameters): string | undefined =>
  Object.entries(bounds).find((bound) => outside(values, bound))?.[0] ??
  others.find(([, wrong]) => wrong(values))?.[0]

/** What of the loaded policy are parameters. */
export const parametersOf = (policy: Policy): Parameters => ({
  validityYears: policy.holder.validityYears,
  escrowYears: policy.escrow.years,
  revocationHours: policy.revocation.hours,
  crlEveryHours: policy.crl.everyHours,
  crlValidityHours: policy.crl.validityHours,
  ocspLagSeconds: policy.ocsp.maxLagSeconds,
  pinTries: policy.card.pinTries,
  noticeLeadDays: policy.notice.expiryLeadDays,
  mandateMaxAgeMonths: policy.request.mandateMaxAgeMonths,
  requestLapseDays: policy.request.lapseDays,
  sessionMinutes: policy.request.sessionMinutes,
  acceptanceMinutes: policy.request.acceptanceMinutes,
  destructionMarginHours: policy.retention.destructionMarginHours,
  recoveryQuorum: policy.escrow.recoveryQuorum,
  approvalHours: policy.escrow.approvalHours,
  signedApprovals: policy.escrow.signedApprovals,
  ...(policy.escrow.approvalAnchors === undefined ? {} : { approvalAnchors: policy.escrow.approvalAnchors }),
  regYears: policy.retention.regYears,
  journalYears: policy.retention.journalYears,
  recoveryYears: policy.retention.recoveryYears,
  terminationNoticeMonths: policy.termination.noticeMonths,
  controlEveryMonths: policy.control.everyMonths,
  ras: policy.ras.map(({ code, channels, email, post }) => ({ code, channels, email, post })),
  sites: policy.sites,
})

/** The same value, in whatever order its names stand. */
export const sameJson = (a: Json, b: Json): boolean => {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [left, right] = [Object.entries(a), b as Readonly<Record<string, Json>>]
  return (
    Array.isArray(a) === Array.isArray(b) &&
    left.length === Object.keys(b).length &&
    left.every(([name, value]) => right[name] !== undefined && sameJson(value, right[name]))
  )
}
