// `npm run docs`: writes the generated pages.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clausesFile, clausesPage } from './clauses.ts'
import { refusalsPage } from './refusals.ts'
import { separationFile, separationPage } from './separation.ts'

writeFileSync(join(import.meta.dirname, '../../../docs/refusals.md'), refusalsPage())
writeFileSync(clausesFile, clausesPage())
writeFileSync(separationFile, separationPage())
