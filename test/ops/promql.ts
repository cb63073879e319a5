// Expressions of PromQL, read by the grammar that Prometheus itself ships for its editor.
import { parser } from '@prometheus-io/lezer-promql'

type SyntaxNodeRef = Parameters<Parameters<ReturnType<typeof parser.parse>['iterate']>[0]['enter']>[0]

/** One series that an expression asks for: its metric, and the labels that it names. */
export type Selected = Readonly<{ metric: string; labels: readonly string[] }>

export type Expression = Readonly<{
  selected: readonly Selected[]
  /** Labels that are grouped by. */
  groupedBy: readonly string[]
}>

/** @throws Error where it is no expression */
export const parsePromql = (text: string): Expression => {
  const selected: { metric: string; labels: string[] }[] = []
  const groupedBy: string[] = []
  const at = (node: { from: number; to: number }): string => text.slice(node.from, node.to)
  const name = (node: SyntaxNodeRef): void => {
    const [last, parent] = [selected.at(-1), node.node.parent?.name]
    if (node.name === 'VectorSelector') selected.push({ metric: '', labels: [] })
    else if (node.name === 'LabelName' && parent === 'GroupingLabels') groupedBy.push(at(node))
    else if (node.name === 'LabelName') last?.labels.push(at(node))
    else if (node.name === 'Identifier' && parent === 'VectorSelector' && last !== undefined)
      last.metric = at(node)
  }
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`${text}: not PromQL at ${node.from}`)
      name(node)
    },
  })
  return { selected, groupedBy }
}
