// CGU-04: before a certificate is planned, the name that it will bear is bound to the human being whom it names, for good. The
// stream is named after the name's keyed digest, so whoever comes first has it (docs/adr/0014).
import { accept, refuse, type Command, type Decider } from '../domain/kernel.ts'
import { isFileOf } from '../domain/policy/person.ts'
import type { SubjectDigests } from '../domain/policy/subject.ts'
import { request, type Request } from '../domain/request.ts'
import { subject, type Subject, type SubjectEvent } from '../domain/subject.ts'

export type BindSubjectName = Command<
  'BindSubjectName',
  { digests: SubjectDigests; person: string; request: string }
>

type Facts = Readonly<{ file: Request; reliedOn: Request | undefined }>

/** Another digest may be the same human being, who has become an agent since: the file this one relies on tells. */
const sameByFile = ({ file, reliedOn }: Facts): boolean => {
  if (file.status === 'unknown' || reliedOn === undefined || reliedOn.status === 'unknown') return false
  if (file.identity === undefined || reliedOn.identity === undefined) return false
  return file.person === reliedOn.person && isFileOf(reliedOn, file.identity)
}

export const bindSubjectName: Decider<Subject, BindSubjectName, SubjectEvent, Facts> = {
  type: 'BindSubjectName',
  who: ['program'],
  aggregate: subject,
  stream: ({ data }) => data.digests.name,
  facts: async (fold, { data }) => {
    const file = await fold(request, data.request)
    const earlier = file.status === 'unknown' ? undefined : file.reliesOn
    return { file, reliedOn: earlier === undefined ? undefined : await fold(request, earlier) }
  },
  decide: ({ data: { digests, person, request: id } }, state, facts) => {
    if (state.status === 'unknown')
      return accept({
        type: 'SubjectNameBound',
        data: { person, request: id, identityMac: digests.identity },
      })
    if (state.person !== person) return refuse('CGU-04', 'PERSON_MISMATCH', 'person')
    if (state.identityMac === digests.identity || sameByFile(facts)) return accept()
    return refuse('CGU-04', 'PERSON_MISMATCH', 'holder')
  },
}
