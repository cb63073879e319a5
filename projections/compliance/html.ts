// The report as one HTML page in French: no script, nothing fetched, the same octets for the same report.
import { plot } from './plot.ts'
import type { ComplianceReport } from './report.ts'
import { style } from './style.ts'
import { escaped, table } from './table.ts'
import { classNames, day, duration, parts, word } from './words.ts'

const numberOf = (clause: string): number => Number(clause.slice('CGU-'.length))

const list = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ') || '—'

const when = (at: string): string => `${day(at.slice(0, 10))} ${at.slice(11, 19)} UTC`

const head = ({ period, ledger, keys, names, norms }: ComplianceReport): string => {
  const seals = keys
    ? 'Les motifs de recouvrement sont ouverts avec les clés du registre, en nombres seulement.'
    : 'Les clés du registre n’étaient pas ouvertes : les motifs de recouvrement restent scellés.'
  const named = {
    none: 'Ce rapport ne nomme personne.',
    open: 'Les comptes et personnes des actes cumulés sont nommés, à la demande.',
    closed: 'Les noms ont été demandés, mais les clés du registre n’étaient pas ouvertes.',
  }[names]
  return `<header><h1>Rapport de conformité au Comité de Surveillance</h1>
<p>Période du <strong>${day(period.from)}</strong> au <strong>${day(period.to)}</strong> inclus (jours français).</p></header>
<p>Établi depuis le seul registre <code>${escaped(ledger.log)}</code>, à la taille de ${ledger.size} événements${
    ledger.lastAt === null ? '' : `, le dernier enregistré le ${when(ledger.lastAt)}`
  }. Racine de l’arbre : <code>${ledger.root}</code>.</p>
<p class="soft">${seals} ${named} Délai maximal de révocation : ${norms.revocationHours} h ; contrôle au moins tous les ${
    norms.controlEveryMonths
  } mois ; ${norms.recoveryQuorum} approbations par recouvrement.</p>`
}

const figures = ({ totals, qualification }: ComplianceReport): string => {
  const box = (name: string, value: number | string, kind = ''): string =>
    `<div class="${kind}"><dt>${name}</dt><dd>${value}</dd></div>`
  const alarm = (count: number): string => (count === 0 ? 'good' : 'bad')
  return `<dl class="figures">${[
    box('Événements', totals.events),
    box('Commandes refusées', totals.refusals),
    box('Exceptions', totals.exceptions, alarm(totals.exceptions)),
    box('Cumuls interdits', totals.forbidden, alarm(totals.forbidden)),
    box('Qualification RGS', word(qualification.status), qualification.status === 'held' ? 'good' : 'bad'),
  ].join('')}</dl>`
}

const exceptions = ({ exceptions: { rules, listed }, totals }: ComplianceReport): string => {
  const rows = rules.map(({ clause, fr, count }) => [clause, fr, count])
  const events = listed.map(({ clause, code, stream, rank, at }) => [clause, code, stream, rank, when(at)])
  const missing = totals.exceptions - listed.length
  return `<h2>Exceptions</h2>
<p>Chaque règle est cherchée dans les champs publics de tous les événements.</p>
${table({ caption: 'Exceptions par règle', heads: ['Clause', 'Ce qui s’est produit', 'Nombre'], rows, empty: '' })}
${table({
  caption: 'Exceptions par événement',
  heads: ['Clause', 'Règle', 'Flux', 'Rang', 'Date'],
  rows: events,
  empty: 'Aucune exception dans la période.',
})}${missing > 0 ? `<p>${missing} autres exceptions sont comptées et ne sont pas listées.</p>` : ''}`
}

const delays = ({
  delays: measured,
  waiting,
  norms,
}: ComplianceReport): string => `<h2>Délais de révocation</h2>
${plot(measured, norms.revocationHours * 3600)}
${table({
  caption: 'Délais, de la demande à la révocation et à la LCR',
  heads: ['Mesure', ...measured.map(({ name }) => word(name))],
  rows: [
    ['Nombre', ...measured.map(({ count }) => count)],
    ['Médiane', ...measured.map(({ median }) => duration(median))],
    ['95ᵉ centile', ...measured.map(({ p95 }) => duration(p95))],
    ['Plus long', ...measured.map(({ max }) => duration(max))],
    ...classNames.map((name, i) => [name, ...measured.map(({ classes }) => classes[i] ?? 0)]),
  ],
  empty: '',
})}
<p>À la fin de la période : ${waiting.requests} demande(s) sans suite, ${waiting.crl} révocation(s) qu’aucune LCR ne montre.</p>`

const recoveries = ({ recoveries: counted }: ComplianceReport): string => `<h2>Recouvrements</h2>
${table({
  caption: 'Recouvrements demandés, tranchés ou remis dans la période, par motif',
  heads: ['Motif', 'Suite', 'Nombre'],
  rows: counted.map(({ ground, outcome, count }) => [word(ground), word(outcome), count]),
  empty: 'Aucun recouvrement dans la période.',
})}`

const controls = (report: ComplianceReport): string => {
  const { version, from, until, status } = report.qualification
  const held =
    version === null ? '' : `, version ${escaped(version)}, depuis le ${day(from)}, jusqu’au ${day(until)}`
  return `<h2>Qualification, composantes et contrôles</h2>
<p>Qualification RGS au dernier jour de la période : <strong>${word(status)}</strong>${held}.</p>
${table({
  caption: 'Composantes à la fin de la période',
  heads: ['Composante', 'Nature', 'État', 'En service depuis', 'Dernier contrôle PC', 'Prochain dû le'],
  rows: report.components.map((one) => [
    ...[
      one.component,
      word(one.kind),
      word(one.status),
      day(one.since),
      day(one.policyOn),
      day(one.nextDueOn),
    ],
  ]),
  empty: 'Aucune composante déclarée.',
})}
${table({
  caption: 'Contrôles effectués dans la période, ou encore à effectuer',
  heads: [
    'Contrôle',
    'Composante',
    'Objet',
    'Ordonné le',
    'Dû le',
    'Effectué le',
    'Verdict',
    'Constats',
    'À confirmer avant le',
  ],
  rows: report.controls.map((one) => [
    ...[
      one.control,
      `${word(one.kind)} ${one.component}`,
      word(one.scope),
      day(one.orderedOn),
      day(one.dueOn),
    ],
    ...[day(one.completedOn), word(one.verdict), one.findings, day(one.confirmBy)],
  ]),
  empty: 'Aucun contrôle effectué ni à effectuer.',
})}`
}

const sameHand = ({
  duties: { pairs, listed },
  names,
}: ComplianceReport): string => `<h2>Actes cumulés par la même main</h2>
<p class="soft">Une main est un journal : le pseudonyme d’un compte pour un trimestre. D’un trimestre à l’autre elle n’est pas reconnue.</p>
${table({
  caption: 'Actes d’un même dossier sous le même journal',
  heads: ['Clause', 'Actes', 'Cumul', 'Nombre'],
  rows: pairs.map(({ clause, fr, forbidden, count }) => [
    clause,
    fr,
    forbidden ? 'interdit' : 'permis',
    count,
  ]),
  empty: '',
})}
${table({
  caption: 'Cumuls par événement',
  heads: ['Cumul', 'Flux', 'Rang', 'Date', names === 'open' ? 'Compte et personne' : 'Journal'],
  rows: listed.map(({ code, stream, rank, at, actor, who }) => [code, stream, rank, when(at), who ?? actor]),
  empty: 'Aucun cumul dans la période.',
})}`

const clauses = ({ clauses: counted }: ComplianceReport): string => {
  const tables = parts.map(([first, title], i) => {
    const next = parts[i + 1]?.[0] ?? Infinity
    const own = counted.filter(({ clause }) => first <= numberOf(clause) && numberOf(clause) < next)
    return table({
      caption: title,
      heads: ['Clause', 'Preuves', 'Événements', 'Refus', 'Motifs des refus', 'Exceptions'],
      rows: own.map(({ clause, events, types, refusals, codes, exceptions: n }) => [
        ...[
          clause,
          events,
          Object.keys(types).length === 0 ? 'procédure' : list(types),
          refusals,
          list(codes),
          n,
        ],
      ]),
      empty: '',
    })
  })
  return `<h2>Clause par clause</h2>
<p>Combien d’événements prouvent la clause, combien de commandes ont été refusées en son nom, combien d’exceptions.</p>
${tables.join('\n')}`
}

/** @returns a whole page, with nothing in it that changes from one run to the next */
export const complianceHtml = (report: ComplianceReport): string => `<!doctype html>
<html lang="fr">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rapport de conformité, du ${day(report.period.from)} au ${day(report.period.to)}</title>
<style>${style}</style></head>
<body>
${head(report)}
<main>
${[figures, exceptions, delays, recoveries, controls, sameHand, clauses].map((part) => part(report)).join('\n')}
</main>
</body>
</html>
`
