import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findSoftHsm } from './programs.ts'
import type { Service } from './service.ts'

/** An empty token store of SoftHSM2: `TEST_PKCS11_MODULE`, and `SOFTHSM2_CONF`, which the module itself reads. */
export const openSoftHsm = (workspace: string): Service => {
  const module = findSoftHsm()
  if (module === undefined) throw new Error('SoftHSM2 is not installed')
  const tokens = join(workspace, 'softhsm', 'tokens')
  mkdirSync(tokens, { recursive: true, mode: 0o700 })
  const settings = join(workspace, 'softhsm', 'softhsm2.conf')
  writeFileSync(
    settings,
    [
      `directories.tokendir = ${tokens}`,
      'objectstore.backend = file',
      'log.level = ERROR',
      'slots.removable = false',
      'slots.mechanisms = ALL',
      '',
    ].join('\n'),
  )
  const env = { TEST_PKCS11_MODULE: module, SOFTHSM2_CONF: settings }
  return { name: 'softhsm', env, stop: () => Promise.resolve() }
}
