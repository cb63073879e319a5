// Runs vitest in a process group of its own, so that its workers end with it.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Report } from './closing.ts'
import { openWorkspace } from './services/workspace.ts'

const root = join(import.meta.dirname, '../..')

export type VitestRun = Readonly<{ ended: Promise<Report>; kill: () => void }>

const nothing: Report = { passed: 0, failed: ['vitest ended without a report'], skipped: [] }

/** Ours beside the usual one, or beside those that the caller asks for. */
const reporters = (args: readonly string[]): readonly string[] => [
  ...(args.some((arg) => arg.startsWith('--reporter')) ? [] : ['--reporter=default']),
  '--reporter=./test/support/reporter.ts',
]

/** @param args handed on to `vitest run`, as file names or `-t name` */
export const runVitest = (args: readonly string[], env: Readonly<Record<string, string>>): VitestRun => {
  const workspace = openWorkspace()
  const file = join(workspace.path, 'report.json')
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--allowOnly=false', ...reporters(args), ...args],
    {
      cwd: root,
      env: { ...process.env, ...env, TEST_REPORT: file },
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  const ended = new Promise<Report>((resolve) => {
    child.once('error', () => resolve(nothing))
    child.once('exit', () => {
      resolve(existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Report) : nothing)
    })
  })
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
      process.kill(-child.pid, 'SIGKILL')
  }
  return { ended: ended.finally(() => workspace.remove()), kill }
}
