// CGU-31 to CGU-33: who the holder is, as his file declares it.
import { opened } from './event.ts'
import type { Destroyed } from './kernel.ts'

/** The holder's identity as declared in the file; absent once the file has been destroyed. */
export type Identity = Readonly<{
  surname: string
  givenNames: string
  nameInCertificate: string
  email: string
  entity: string
  matricule: string | undefined
  birth: string | undefined
  service: string | undefined
}>

type Sealed<T> = { readonly [K in keyof T]?: T[K] | Destroyed | undefined }

/** The identity that is sealed in a request; undefined where any part of it that there must be is gone. */
export const identityOf = (data: Sealed<Identity>): Identity | undefined => {
  const text = (field: keyof Identity): string | undefined => opened<string | undefined>(data[field])
  const [surname, givenNames, nameInCertificate] = [
    text('surname'),
    text('givenNames'),
    text('nameInCertificate'),
  ]
  const [email, entity] = [text('email'), text('entity')]
  if (!surname || !givenNames || !nameInCertificate || !email || !entity) return undefined
  const others = { matricule: text('matricule'), birth: text('birth'), service: text('service') }
  return { surname, givenNames, nameInCertificate, email, entity, ...others }
}
