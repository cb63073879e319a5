// `npm run docs`: writes the generated pages.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { refusalsPage } from './refusals.ts'

writeFileSync(join(import.meta.dirname, '../../../docs/refusals.md'), refusalsPage())
