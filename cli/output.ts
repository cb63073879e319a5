// What the command line prints: words for people, one JSON document for programs (`--json`), progress on standard error.
import { SingleBar } from 'cli-progress'

export type Output = Readonly<{
  json: boolean
  /** A line for people; programs get only the result. */
  say: (line: string) => void
  /** The result: printed whole as JSON, or through `words`. */
  result: (value: unknown, words: () => string) => void
}>

export const openOutput = (json: boolean): Output => ({
  json,
  say: (line) => {
    if (!json) process.stdout.write(`${line}\n`)
  },
  result: (value, words) => {
    process.stdout.write(`${json ? JSON.stringify(value) : words()}\n`)
  },
})

export type Progress = Readonly<{ update: (done: number, total?: number) => void; stop: () => void }>

/** A bar on a terminal; a line every few seconds elsewhere; nothing at all for what is done within a second. */
export const openProgress = (title: string, now: () => number): Progress => {
  const started = now()
  const onTerminal = process.stderr.isTTY
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage}% {value}/{total}`,
    hideCursor: true,
    stream: process.stderr,
  })
  let shown = false
  let lastLine = started
  const line = (done: number, total: number | undefined): void => {
    if (now() - lastLine < 2000) return
    lastLine = now()
    process.stderr.write(`${title}: ${done}${total === undefined ? '' : ` of ${total}`}\n`)
  }
  return {
    update: (done, total) => {
      if (!onTerminal) line(done, total)
      else if (shown) bar.update(done)
      else if (now() - started > 1000) {
        bar.start(total ?? done, done)
        shown = true
      }
      if (shown && total !== undefined) bar.setTotal(Math.max(total, done))
    },
    stop: () => {
      if (shown) bar.stop()
    },
  }
}

/** Columns of equal width. */
export const columns = (rows: readonly (readonly string[])[]): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
