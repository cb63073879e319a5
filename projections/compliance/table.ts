// Tables of the HTML report: a caption, heads with their scope, and nothing that is not escaped.
const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escaped = (text: string): string => text.replace(/[&<>"']/g, (sign) => escapes[sign] ?? '')

type Cell = string | number | null

/** What is as short as a clause, a date or a number stays on one line. */
const short = 12

const cell = (value: Cell, first: boolean, counts: boolean): string => {
  const text = value === null ? '—' : String(value)
  const kind = counts ? ' class="n"' : text.length <= short ? ' class="s"' : ''
  return first ? `<th scope="row"${kind}>${escaped(text)}</th>` : `<td${kind}>${escaped(text)}</td>`
}

export type Table = Readonly<{
  caption: string
  heads: readonly string[]
  rows: readonly (readonly Cell[])[]
  /** Said where there is no row. */
  empty: string
}>

/** The first column heads its row; a column that begins with a number is one of figures. */
export const table = ({ caption, heads, rows, empty }: Table): string => {
  if (rows.length === 0) return `<p class="empty"><strong>${escaped(caption)}.</strong> ${escaped(empty)}</p>`
  const counts = heads.map((_, i) => typeof rows[0]?.[i] === 'number')
  const head = heads
    .map((one, i) => `<th scope="col"${counts[i] === true ? ' class="n"' : ''}>${escaped(one)}</th>`)
    .join('')
  const body = rows.map(
    (row) => `<tr>${row.map((value, i) => cell(value, i === 0, counts[i] === true)).join('')}</tr>`,
  )
  return `<table><caption>${escaped(caption)}</caption><thead><tr>${head}</tr></thead>
<tbody>${body.join('\n')}</tbody></table>`
}
