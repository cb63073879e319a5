import { expect, it, vi } from 'vitest'
import { openProgress } from '../../cli/output.ts'

/** What is said of so many things, one each `everyMs`. */
const linesOf = (count: number, everyMs: number): string[] => {
  const lines: string[] = []
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0)
  const isTerminal = process.stderr.isTTY
  process.stderr.isTTY = false
  try {
    let elapsed = 0
    const progress = openProgress('Re-wrapping', { unit: 'keys', now: () => elapsed })
    for (let done = 1; done <= count; done += 1) {
      elapsed += everyMs
      progress.update(done, done / count)
    }
    progress.stop()
    return lines
  } finally {
    process.stderr.isTTY = isTerminal
    write.mockRestore()
  }
}

it('progress elsewhere than on a terminal has the time that is left, and less and less to say', () => {
  const lines = linesOf(72_000, 100)
  expect(lines[0]).toBe('Re-wrapping: 20 keys, 0%, 10 a second, 2h0m left\n')
  expect(lines).toContainEqual(expect.stringMatching(/ keys, 49%, 10 a second, 1h[01]m left\n/))
  expect(lines.at(-1)).toMatch(/^Re-wrapping: 7\d{4} keys, 99%, 10 a second, \d+s left\n$/)
  const done = lines.map((line) => Number(/\d+/.exec(line)))
  expect(done.slice(0, 3)).toEqual([20, 40, 60])
  expect(done.at(-1)! - done.at(-2)!).toBe(600)
})

it('what is done within a second is not spoken of', () => {
  expect(linesOf(900, 1)).toEqual([])
})
