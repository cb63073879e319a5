// What the command line prints: words for people, one JSON document for programs (`--json`), progress on standard error.
import { SingleBar } from 'cli-progress'
import type { Position } from '../ledger/store.ts'

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

/** Writes one line of many to standard output. @returns whether anybody still reads there */
export const writeLine = (line: string): Promise<boolean> =>
  new Promise((go) => {
    process.stdout.write(`${line}\n`, (error) => go(error === null || error === undefined))
  })

/** `done` is what people count; `fraction`, from 0 to 1, how far along it is. */
export type Progress = Readonly<{ update: (done: number, fraction: number) => void; stop: () => void }>

const scale = 1000

/** Seconds as the bar has them: `1h4m`, `12m30s`, `5s`. */
const timeOf = (seconds: number): string => {
  const whole = Math.round(seconds)
  const minutes = Math.round(whole / 60)
  if (whole >= 3600) return `${Math.floor(minutes / 60)}h${minutes % 60}m`
  return whole >= 60 ? `${Math.floor(whole / 60)}m${whole % 60}s` : `${whole}s`
}

/** How long nothing is said, in ms: elsewhere than on a terminal seconds at first, and a minute where it takes hours. */
const pauseOf = (onTerminal: boolean, elapsed: number): number =>
  onTerminal ? 100 : Math.min(60_000, Math.max(2000, elapsed / 50))

/** A bar on a terminal, lines elsewhere; nothing at all for what is done within a second. */
export const openProgress = (
  title: string,
  { unit = 'events', now = () => performance.now() }: Readonly<{ unit?: string; now?: () => number }> = {},
): Progress => {
  const started = now()
  const onTerminal = process.stderr.isTTY
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage}% {done} ${unit}, {rate} a second, {eta_formatted} left`,
    hideCursor: true,
    stream: process.stderr,
  })
  let shown = false
  let last = started
  const show = (done: number, fraction: number): void => {
    const value = Math.floor(fraction * scale)
    const elapsed = Math.max(now() - started, 1)
    const rate = Math.round((done * 1000) / elapsed)
    if (!onTerminal) {
      const left = timeOf((elapsed * (1 / fraction - 1)) / 1000)
      const words = `${done} ${unit}, ${Math.floor(fraction * 100)}%, ${rate} a second, ${left} left`
      process.stderr.write(`${title}: ${words}\n`)
    } else if (shown) bar.update(value, { done, rate })
    else bar.start(scale, value, { done, rate })
    shown = true
  }
  return {
    update: (done, fraction) => {
      const elapsed = now() - started
      if (now() - last < pauseOf(onTerminal, elapsed) || elapsed < 1000 || fraction === 0) return
      last = now()
      show(done, Math.min(1, fraction))
    },
    stop: () => {
      if (shown && onTerminal) bar.stop()
    },
  }
}

/** Passes events on, and tells the bar how far up the log they stand. `head`: the log's last position. */
export const watched = async function* <T extends { position: Position }>(
  events: AsyncIterable<T>,
  head: Position | undefined,
  progress: Progress,
): AsyncGenerator<T> {
  const end = Number(head?.commit ?? 0n) || 1
  let done = 0
  for await (const event of events) {
    yield event
    done += 1
    progress.update(done, Number(event.position.commit) / end)
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
