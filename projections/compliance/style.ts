// The style of the HTML report: inline, for the screen and for A4.
export const style = `
:root { color-scheme: light; --ink: #161616; --soft: #555; --line: #ddd; --blue: #000091; --red: #b3140b; --green: #18753c; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.5rem 4rem; max-width: 62rem; color: var(--ink); background: #fff;
  font: 15px/1.5 "Marianne", system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
header { border-bottom: 3px solid var(--blue); margin-bottom: 1.5rem; padding-bottom: .75rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; color: var(--blue); break-after: avoid; }
p { margin: .4rem 0; max-width: 48rem; }
.soft, figcaption { color: var(--soft); font-size: .87rem; }
code { font: .8rem/1.4 ui-monospace, "Liberation Mono", monospace; overflow-wrap: anywhere; }
dl.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1.25rem 0; }
dl.figures div { border: 1px solid var(--line); border-left: 4px solid var(--blue); padding: .5rem .75rem; }
dl.figures .bad { border-left-color: var(--red); }
dl.figures .good { border-left-color: var(--green); }
dt { color: var(--soft); font-size: .82rem; }
dd { margin: 0; font-size: 1.5rem; font-weight: 700; font-variant-numeric: tabular-nums; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 1.5rem; font-size: .87rem; }
caption { text-align: left; font-weight: 700; padding: .3rem 0; font-size: .95rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
thead th { border-bottom: 2px solid var(--ink); vertical-align: bottom; }
tbody th { font-weight: 600; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; padding-right: 1.2rem; white-space: nowrap; }
.s { white-space: nowrap; }
tr { break-inside: avoid; }
figure { margin: 1rem 0; break-inside: avoid; }
svg.plot { width: 100%; height: auto; max-width: 48rem; }
svg text { font-size: 11px; fill: var(--soft); }
.grid { stroke: #e5e5e5; stroke-width: 1; }
.limit { stroke: var(--red); stroke-width: 1.5; stroke-dasharray: 5 4; }
.curve { fill: none; stroke-width: 2; }
.c0 { stroke: #000091; }
.c1 { stroke: #b34000; stroke-dasharray: 8 3; }
.c2 { stroke: #18753c; stroke-dasharray: 2 3; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.5rem; padding: 0; margin: .3rem 0; font-size: .87rem; }
.legend svg { vertical-align: middle; }
.empty { padding: .5rem .75rem; background: #f6f6f6; }
@media print {
  @page { size: A4; margin: 15mm; }
  body { padding: 0; max-width: none; font-size: 10pt; }
  thead { display: table-header-group; }
}
`
