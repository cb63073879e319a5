// Writes down what became of every test, for the closing line: vitest's own JSON report leaves out why one was skipped.
import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'
import type { Report, Skipped } from './closing.ts'

type Found = { passed: number; failed: string[]; skipped: Skipped[] }

const nameOf = (test: TestCase | TestSuite): string => `${test.module.relativeModuleId} > ${test.fullName}`

const count = (found: Found, test: TestCase, setUpFailed: boolean): void => {
  const result = test.result()
  if (result.state === 'passed') found.passed++
  else if (result.state !== 'skipped') found.failed.push(nameOf(test))
  else {
    const reason = setUpFailed ? 'the set-up of its suite failed' : result.note
    found.skipped.push({ name: nameOf(test), ...(reason === undefined ? {} : { reason }) })
  }
}

const walk = (found: Found, parent: TestModule | TestSuite, setUpFailed: boolean): void => {
  for (const child of parent.children) {
    if (child.type === 'test') count(found, child, setUpFailed)
    else {
      const isBroken = child.errors().length > 0
      if (isBroken) found.failed.push(`${nameOf(child)} (outside of its tests)`)
      walk(found, child, setUpFailed || isBroken)
    }
  }
}

const write = (
  file: string,
  modules: readonly TestModule[],
  unhandled: readonly { message: string }[],
): void => {
  const found: Found = { passed: 0, failed: [], skipped: [] }
  for (const module of modules) {
    const isBroken = module.errors().length > 0
    if (isBroken) found.failed.push(`${module.relativeModuleId} (outside of its tests)`)
    walk(found, module, isBroken)
  }
  for (const error of unhandled) found.failed.push(`nobody caught: ${error.message}`)
  writeFileSync(file, JSON.stringify(found satisfies Report))
}

// vitest takes a reporter that is named on its command line from the default export.
export default function reporter(): Reporter {
  const file = process.env['TEST_REPORT']
  if (file === undefined) throw new Error('TEST_REPORT names no file')
  return { onTestRunEnd: (modules, unhandled) => write(file, modules, unhandled) }
}
