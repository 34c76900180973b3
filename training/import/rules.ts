/** The lists of rules of a file, and where in the mapping each rule stands. */
import type { Rule } from './mapping.ts'

const RULE_LISTS = ['cancellations', 'notGoods', 'withoutShopper', 'weighed'] as const

type WithRules = { columns: object } & { [List in (typeof RULE_LISTS)[number]]?: Rule[] }

/** Every rule with its field, such as `notGoods[0]`. An item file has none. */
export function rulesOf(source: WithRules): { field: string; rule: Rule }[] {
  return RULE_LISTS.flatMap((list) => (source[list] ?? []).map((rule, i) => ({ field: `${list}[${i}]`, rule })))
}
