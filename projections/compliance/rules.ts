// Every rule of the report, in the order of the clauses.
import type { Rule } from './rule.ts'
import { controlRules } from './rulesControls.ts'
import { issuanceRules } from './rulesIssuance.ts'
import { statusRules } from './rulesStatus.ts'

const numberOf = ({ clause }: Rule): number => Number(clause.slice('CGU-'.length))

export const rules: readonly Rule[] = [...issuanceRules, ...statusRules, ...controlRules].sort(
  (a, b) => numberOf(a) - numberOf(b),
)
