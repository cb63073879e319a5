// Finding keys on a token by their CKA_ID: the sixteen octets of a UUID.
import pkcs11js, { type Handle, type PKCS11, type Template } from 'pkcs11js'
import { uuidOctets } from '../uuid.ts'
import { ModuleFault } from './fault.ts'

/** A session, the module that it is of, and what is known by handle since the last login. */
export type At = Readonly<{ module: PKCS11; session: Handle; handles: Map<string, Handle> }>

const most = 16

/** Every object that the template fits, up to a few. */
export const findObjects = ({ module, session }: At, template: Template): readonly Handle[] => {
  module.C_FindObjectsInit(session, template)
  try {
    return module.C_FindObjects(session, most)
  } finally {
    module.C_FindObjectsFinal(session)
  }
}

export type ObjectClass = 'private' | 'public' | 'secret'
const classes: Readonly<Record<ObjectClass, number>> = {
  private: pkcs11js.CKO_PRIVATE_KEY,
  public: pkcs11js.CKO_PUBLIC_KEY,
  secret: pkcs11js.CKO_SECRET_KEY,
}

/** Objects of a class that stand under this id on the token itself. */
export const objectsOf = (at: At, kind: ObjectClass, id: string): readonly Handle[] =>
  findObjects(at, [
    { type: pkcs11js.CKA_CLASS, value: classes[kind] },
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_ID, value: uuidOctets(id) },
  ])

/** The one object of a class under this id, looked up once a login. @throws ModuleFault where there are several */
export const objectOf = (at: At, kind: ObjectClass, id: string): Handle | undefined => {
  const name = `${kind} ${id}`
  const known = at.handles.get(name)
  if (known !== undefined) return known
  const [found, ...others] = objectsOf(at, kind, id)
  if (others.length > 0) throw new ModuleFault('integrity', 'two keys of the token have the same CKA_ID')
  if (found !== undefined) at.handles.set(name, found)
  return found
}

/** @throws ModuleFault when the token has no such key */
export const requireObject = (at: At, kind: ObjectClass, id: string): Handle => {
  const found = objectOf(at, kind, id)
  if (found === undefined) throw new ModuleFault('lost', `the token has no key ${id}`)
  return found
}

/** After a login: what was known under these names is looked up at once, while nobody makes objects. */
export const findAgain = (at: At, names: Iterable<string>): void => {
  for (const name of names) {
    const [kind, id = ''] = name.split(' ')
    const [found, ...others] = objectsOf(at, kind as ObjectClass, id)
    if (found !== undefined && others.length === 0) at.handles.set(name, found)
  }
}
