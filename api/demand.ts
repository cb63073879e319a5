// CGU-31 to CGU-33: what a request says, and what the shell finds out beside it before anything is decided: whose number it
// is, what the registers know of the holder, and to whom the name in the certificate belongs.
import { Type, type Static } from 'typebox'
import { v5 } from 'uuid'
import { lookUp } from '../commands/registers.ts'
import type { RequestCertificate } from '../commands/requestCertificate.ts'
import { entity as entityFile } from '../domain/entity.ts'
import { cardKind, holderKind, temporaryCause } from '../domain/lists.ts'
import { marked, type Policy } from '../domain/policy/policy.ts'
import { wholeHolder } from '../domain/policy/demand.ts'
import { digestsOf, type SubjectDigests } from '../domain/policy/subject.ts'
import { requestsOf } from '../readmodels/certificates.ts'
import type { Act } from './command.ts'
import { caughtUp } from './readers.ts'
import type { Api } from './routes.ts'
import { attribute, closed, code, d, email, id, name, note } from './schemas.ts'

const optional = Type.Optional

/** What a registration file says of its holder. A field that is missing is refused with its clause, not by the schema. */
export const holderFields = (policy: Policy) => ({
  surname: optional(name),
  givenNames: optional(name),
  nameInCertificate: optional(attribute(marked(policy, ''))),
  email: optional(email),
  // Not checked here: a wrong one is refused with its clause (CGU-27). A text, for its leading zeros.
  matricule: optional(Type.String({ minLength: 1, maxLength: 32 })),
  birth: optional({ ...d, description: 'Day of birth: who has no matricule is told apart by it.' }),
  service: optional(note),
})

export const demandUnder = (policy: Policy) =>
  closed(
    {
      person: optional(id),
      samePersonAs: optional(
        Type.Array(id, { maxItems: 10, uniqueItems: true, description: 'Other numbers of this person.' }),
      ),
      holder: closed({ kind: holderKind, ...holderFields(policy) }),
      entity: optional(id),
      cardKind,
      temporaryCause: optional(temporaryCause),
      ra: code,
      profile: code,
      escrow: Type.Boolean({ description: 'CGU-39: a request without escrow is refused.' }),
      mandate: optional(id),
      earlier: optional(id),
    },
    {
      examples: [
        {
          holder: {
            kind: 'agent',
            surname: "D'Été-Brûlé",
            givenNames: 'Zoë Maëlle',
            nameInCertificate: "Zoë D'ÉTÉ-BRÛLÉ",
            email: 'zoe.dete-brule@douane.example',
            matricule: '0012345678',
          },
          entity: '5d0f7c1e-0000-4000-8000-000000000002',
          cardKind: 'agent',
          ra: 'dgddi',
          profile: 'encryption',
          escrow: true,
        },
      ],
    },
  )
type Demand = Static<ReturnType<typeof demandUnder>>

/** @throws Problem PROJECTION_LAGGING: nobody may pass for a person without a file because his file is not listed yet */
const newestFileOf = async ({ services }: Api, person: string): Promise<string | undefined> => {
  await caughtUp(services)
  return (await requestsOf(services.db, person)).at(-1)
}

/** A holder's person number is drawn with his first request: given again, the same command has the same one. */
const holderOf = async (api: Api, given: Pick<Demand, 'person' | 'earlier'>, act: Act) => {
  const known = given.person ?? (act.actor.role === 'holder' ? act.actor.person : undefined)
  const named = given.earlier === undefined ? {} : { earlier: given.earlier }
  if (known === undefined) return { ...named, person: v5('person', act.id), drawn: true }
  const earlier = given.earlier ?? (await newestFileOf(api, known))
  return { person: known, drawn: false, ...(earlier === undefined ? {} : { earlier }) }
}

/** CGU-04: of the name that the certificate would bear; undefined where the request does not say enough of it. */
const digestsOfDemand = async (
  { services: { policy, subjectMac, load } }: Api,
  person: string,
  { holder, entity }: Demand,
): Promise<SubjectDigests | undefined> => {
  const whole = wholeHolder(holder)
  if (!('kind' in whole) || entity === undefined) return undefined
  const { state } = await load(entityFile, entity)
  if (state.status !== 'verified' || state.name === undefined) return undefined
  const employer = { name: state.name, siren: state.siren }
  return digestsOf(subjectMac, policy.holder.country, { ...whole, person, entity: employer })
}

/** The command's data: what was asked, and what the shell has found out. */
export const demandOf = async (api: Api, body: Demand, act: Act): Promise<RequestCertificate['data']> => {
  const { person: _, earlier: __, ...asked } = body
  const who = await holderOf(api, body, act)
  const digests = await digestsOfDemand(api, who.person, body)
  return {
    ...asked,
    ...who,
    request: act.id,
    looked: await lookUp(api.services.registers, body.holder, act.at),
    ...(digests === undefined ? {} : { digests }),
  }
}
