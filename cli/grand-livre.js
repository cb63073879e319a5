#!/usr/bin/env node
// A checkout runs the sources through tsx; an image holds only what was built of them (build.ts), in a dist/cli beside no source.
import { existsSync } from 'node:fs'

if (existsSync(new URL('main.ts', import.meta.url))) {
  const { register } = await import('tsx/esm/api')
  register()
  await import('./main.ts')
} else {
  await import('../dist/cli/main.js')
}
