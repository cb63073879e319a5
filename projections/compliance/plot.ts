// The plot of the delays: for each of them the share of cases that took no longer, over time on a logarithmic axis. An
// inline SVG without a script; the table beside it says the same in numbers.
import type { Delay } from './delays.ts'
import { duration, word } from './words.ts'

const [width, height] = [720, 300]
const [left, right, top, bottom] = [56, 14, 12, 38]
const longest = 7 * 86_400
const ticks = [1, 60, 600, 3600, 6 * 3600, 86_400, longest] as const

const n = (value: number): string => value.toFixed(1)

/** Seconds along the axis: 1 s to 7 days; what is shorter or longer lies on the edge. */
const x = (seconds: number): number => {
  const within = Math.min(longest, Math.max(1, seconds))
  return left + (Math.log(within) / Math.log(longest)) * (width - left - right)
}
const y = (share: number): number => top + (1 - share) * (height - top - bottom)

const axes = (limit: number): string => {
  const vertical = ticks.map(
    (tick) =>
      `<line class="grid" x1="${n(x(tick))}" y1="${top}" x2="${n(x(tick))}" y2="${height - bottom}"/>` +
      `<text x="${n(x(tick))}" y="${height - bottom + 18}" text-anchor="${tick === longest ? 'end' : 'middle'}">${duration(tick)}</text>`,
  )
  const horizontal = [0, 0.25, 0.5, 0.75, 1].map(
    (share) =>
      `<line class="grid" x1="${left}" y1="${n(y(share))}" x2="${width - right}" y2="${n(y(share))}"/>` +
      `<text x="${left - 8}" y="${n(y(share) + 4)}" text-anchor="end">${share * 100} %</text>`,
  )
  const bound = `<line class="limit" x1="${n(x(limit))}" y1="${top}" x2="${n(x(limit))}" y2="${height - bottom}"/>`
  return [...vertical, ...horizontal, bound].join('')
}

const curve = ({ quantiles }: Delay, i: number): string => {
  if (quantiles.length === 0) return ''
  const steps = quantiles.map((value, at) => `H${n(x(value))}V${n(y(at / 100))}`)
  return `<path class="curve c${i}" d="M${left} ${n(y(0))}${steps.join('')}H${width - right}"/>`
}

const legend = (delays: readonly Delay[]): string =>
  delays
    .map(
      ({ name, count }, i) =>
        `<li><svg width="34" height="10" aria-hidden="true"><path class="curve c${i}" d="M0 5H34"/></svg> ${word(name)} (${count})</li>`,
    )
    .join('')

/** @param limit in seconds: what the norm allows from the request to the visible status */
export const plot = (delays: readonly Delay[], limit: number): string => {
  const title = 'Part des cas traités, selon le délai écoulé (échelle logarithmique)'
  return `<figure>
<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}. Les mêmes chiffres sont dans le tableau.">
${axes(limit)}${delays.map(curve).join('')}
</svg>
<ul class="legend">${legend(delays)}<li><svg width="34" height="10" aria-hidden="true"><path class="limit" d="M0 5H34"/></svg> délai maximal (${duration(limit)})</li></ul>
<figcaption>${title}</figcaption>
</figure>`
}
