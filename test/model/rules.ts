// What anybody may do in the model, what comes of it, and how a life is drawn: mostly what is possible, so that it gets far.
import { claimRules } from './claimRules.ts'
import { issuanceRules } from './issuanceRules.ts'
import { counts, people, type Ask, type Model, type Rule, type Somebody } from './model.ts'
import { requestRules } from './requestRules.ts'

const every = { ...requestRules, ...issuanceRules, ...claimRules }
export type Kind = keyof typeof every
export const rules: Readonly<Record<Kind, Rule>> = every
export const kinds = Object.keys(every) as Kind[]

export type Action = Ask & Readonly<{ kind: Kind }>

/** Events, or every reason why there are none. `apply` moves the model on. */
export type Prediction = Readonly<{ events: readonly string[] }> | Readonly<{ reasons: readonly string[] }>

const reasonsOf = (m: Model, { kind, ...ask }: Action): readonly string[] => {
  const rule = rules[kind]
  if (!rule.by.includes(ask.who.role)) return ['ROLE_NOT_HELD']
  return rule.not(m, ask).filter((reason) => reason !== false)
}

/** What the action comes to; the model has moved on where it is accepted. */
export const live = (m: Model, action: Action): Prediction => {
  const reasons = reasonsOf(m, action)
  return reasons.length > 0 ? { reasons } : { events: rules[action.kind].then(m, action) }
}

/** Numbers that an action is drawn by. */
export type Draw = Readonly<{ possible: boolean; kind: number; who: number; on: number; choice: number }>

/** Which holders, and what else, this life is about. */
export type Scope = Readonly<{ holders: readonly number[]; kinds: readonly Kind[] }>
export const whole: Scope = { holders: [0, 1, 2], kinds }

const lists = new Map<readonly Kind[], readonly Kind[]>()
const weighted = (among: readonly Kind[]): readonly Kind[] => {
  const known = lists.get(among)
  if (known !== undefined) return known
  const made = among.flatMap((kind) => Array.from({ length: rules[kind].often }, () => kind))
  lists.set(among, made)
  return made
}

const targetsOf = (m: Model, { holders }: Scope, kind: Kind): readonly number[] => {
  const { on } = rules[kind]
  return on === 'holder' ? holders : Array.from({ length: counts[on](m) }, (_, n) => n)
}

const pick = <T>(among: readonly T[], n: number): T | undefined => among[n % Math.max(1, among.length)]

/** Who may, on what, without being refused. */
const possible = (m: Model, scope: Scope, kind: Kind, { choice }: Draw): readonly Action[] =>
  targetsOf(m, scope, kind).flatMap((on) =>
    people
      .filter(({ role }) => rules[kind].by.includes(role))
      .map((who) => ({ kind, who, on, choice }))
      .filter((action) => reasonsOf(m, action).length === 0 && rules[kind].dull?.(m, action) !== true),
  )

/** The next action of a life; undefined where there is nothing yet to do it to. */
export const next = (m: Model, scope: Scope, draw: Draw): Action | undefined => {
  if (draw.possible) {
    const order = weighted(scope.kinds)
    const tried = new Set<Kind>()
    // A step that shares no factor with the length meets every kind.
    for (let n = 0; n < order.length; n += 1) {
      const kind = order[(draw.kind + n * 7_919) % order.length]!
      if (tried.has(kind)) continue
      tried.add(kind)
      const action = pick(possible(m, scope, kind, draw), draw.on * 31 + draw.who)
      if (action !== undefined) return action
    }
    return undefined
  }
  const kind = pick(scope.kinds, draw.kind)!
  const on = pick(targetsOf(m, scope, kind), draw.on)
  const allowed = people.filter(({ role }) => rules[kind].by.includes(role))
  // One in five has not even the role.
  const who: Somebody = draw.who % 5 === 0 ? pick(people, draw.who)! : pick(allowed, draw.who)!
  const isOther = !allowed.includes(who) && rules[kind].never?.includes(who.role) === true
  return on === undefined || isOther ? undefined : { kind, who, on, choice: draw.choice }
}
