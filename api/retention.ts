// CGU-113 to CGU-116: how long everything is kept, and what has come to its term.
import { Type } from 'typebox'
import { retentionClass, type RetentionClass, type Role } from '../domain/lists.ts'
import { dueAt, retentionRules, startedBy } from '../domain/policy/retention.ts'
import { countUnits, dueUnits, type DueRow } from '../readmodels/retention.ts'
import { limitOf, pageQuery } from './page.ts'
import { readRoute, type Api } from './routes.ts'
import { t } from './schemas.ts'
import type { Services } from './services.ts'

/** Who keeps the archives, and who watches over it. */
export const keepers = [
  'archivist',
  'caOfficer',
  'securityOfficer',
  'supervisor',
  'auditor',
] as const satisfies readonly Role[]

export type Due = Readonly<{ unit: string; due: string; held: boolean }>

/** The due list of one class at this instant, with the end of each term as the policy counts it. */
export const dueList = async (
  { db, policy, now }: Pick<Services, 'db' | 'policy' | 'now'>,
  kept: RetentionClass,
  { limit, units }: Readonly<{ limit: number; units?: readonly string[] }>,
): Promise<readonly Due[]> => {
  if (kept === 'status') return []
  const at = now()
  const asked = { class: kept, at, startedBy: startedBy(kept, at, policy), limit }
  const rows = await dueUnits(db, units === undefined ? asked : { ...asked, units })
  const dueOf = ({ starts_at: starts, floor_at: floor }: DueRow): string | undefined =>
    dueAt({ class: kept, starts, ...(floor === null ? {} : { floor }) }, policy)
  return rows.flatMap((row) => {
    const due = dueOf(row)
    return due === undefined || due > at ? [] : [{ unit: row.unit, due, held: row.held }]
  })
}

const counted = Type.Object({ kept: Type.Integer(), held: Type.Integer(), destroyed: Type.Integer() })
const none = { kept: 0, held: 0, destroyed: 0 }

export const retentionRoutes = (api: Api): void => {
  const { services, who } = api

  readRoute(api, {
    url: '/retention',
    summary: 'How long everything is kept, and how much of it there is',
    tag: 'retention',
    clauses: ['CGU-113', 'CGU-114', 'CGU-115', 'CGU-116'],
    answer: Type.Object({
      classes: Type.Array(
        Type.Object({
          class: retentionClass,
          clauses: Type.Array(Type.String()),
          keeps: Type.String(),
          starts: Type.String(),
          ends: Type.String(),
          ...counted.properties,
        }),
      ),
    }),
    read: async ({ request }) => {
      await who.actor(request, keepers, { command: 'retention' })
      const counts = await countUnits(services.db)
      return {
        classes: retentionRules.map((rule) => ({
          ...rule,
          ...(counts.find((one) => one.class === rule.class) ?? none),
        })),
      }
    },
  })

  readRoute(api, {
    url: '/retention/due',
    summary: 'Units that have come to their term, oldest first',
    description: 'Those on hold are listed as such: they are not destroyed.',
    tag: 'retention',
    clauses: ['CGU-41', 'CGU-113', 'CGU-114', 'CGU-115', 'CGU-116'],
    query: { class: retentionClass, limit: pageQuery.limit },
    answer: Type.Object({
      units: Type.Array(Type.Object({ unit: Type.String(), due: t, held: Type.Boolean() })),
    }),
    read: async ({ request, query }) => {
      await who.actor(request, keepers, { command: 'retentionDue' })
      const limit = limitOf(query)
      return { units: await dueList(services, query.class as RetentionClass, { limit }) }
    },
  })
}
