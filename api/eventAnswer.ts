import { Type } from 'typebox'
import type { HistoryRow } from '../readmodels/schema.ts'
import { id, n, t } from './schemas.ts'

/** One event, without its content: what, when, in which role, and which things its public part names. */
export const eventAnswer = Type.Object({
  rank: n,
  stream: Type.String(),
  revision: n,
  id,
  type: Type.String(),
  recordedAt: Type.String(),
  occurredAt: t,
  role: Type.String(),
  concerns: Type.Array(Type.String()),
})

export const eventBody = ({ at, occurred_at, concerns, ...row }: HistoryRow) => ({
  ...row,
  recordedAt: at,
  occurredAt: occurred_at,
  concerns: [...concerns],
})
