// CGU-107: records what other processes have answered and handed over (readmodels/ocspParts.ts).
import { recordPart, type OcspPart } from '../commands/ocspActivity.ts'
import type { Service } from '../commands/program.ts'
import type { OpenDatabase } from '../readmodels/database.ts'
import { forgetOcspPart, ocspParts } from '../readmodels/ocspParts.ts'
import type { Job } from './port.ts'

export const ocspPartsJob = ({
  service,
  db,
  issuer,
}: Readonly<{ service: Service; db: OpenDatabase['db']; issuer: string }>): Job => ({
  name: 'recordOcspParts',
  everySeconds: 300,
  run: async () => {
    // Recorded first: a crash in between records it once more, which writes nothing.
    for (const { key, part } of await ocspParts(db)) {
      await recordPart(service, issuer, part as OcspPart)
      await forgetOcspPart(db, key)
    }
  },
})
