// The script of a key ceremony, as a file: what it is, where and when it is held, and who watches; and what the ceremony itself needs.
import { readFileSync } from 'node:fs'
import { Type, type Static, type TProperties, type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { id, t } from '../domain/fields.ts'
import { ProcessRefused } from '../commands/program.ts'
import { ConfigFault } from './configFault.ts'

const words = Type.String({ minLength: 1, maxLength: 500 })
const common = {
  title: words,
  place: words,
  /** By their names and functions: they sign the report on paper. */
  witnesses: Type.Array(words, { minItems: 1, maxItems: 20 }),
  remarks: Type.Optional(words),
}

/** @throws ConfigFault that names the option, the file and the field */
const jsonOf = <S extends TSchema>(option: string, schema: S) => {
  const check = Compile(schema)
  return (file: string): Readonly<{ value: Static<S>; text: string }> => {
    let text: string
    let value: unknown
    try {
      text = readFileSync(file, 'utf8')
      value = JSON.parse(text)
    } catch (error) {
      throw new ConfigFault(
        `${option}: ${file} cannot be read as JSON: ${error instanceof Error ? error.message : ''}`,
      )
    }
    const [fault] = check.Errors(value)
    if (fault !== undefined)
      throw new ConfigFault(`${option}: ${file}: ${fault.instancePath || '/'} ${fault.message}`)
    return { value: value as Static<S>, text }
  }
}

const readerOf = <P extends TProperties>(properties: P) => {
  const read = jsonOf('--script', Type.Object(properties, { additionalProperties: false }))
  return (file: string) => {
    const { value, text } = read(file)
    return { ...value, text }
  }
}

/** A copy of the key: which one, by what it is found, who has it, and, once it is gone, when and how. */
const copy = Type.Object(
  {
    copy: id,
    ...{ reference: words, holder: words, seal: words },
    destroyed: Type.Optional(Type.Object({ at: t, how: words }, { additionalProperties: false })),
  },
  { additionalProperties: false },
)

/** @throws ConfigFault */
export const readScript = readerOf(common)
export type CeremonyScript = ReturnType<typeof readScript>

const copies = Type.Array(copy, { maxItems: 100 })
export type ListedCopy = Static<typeof copy>

/** The script of the destruction of the authority's key, with every copy. @throws ConfigFault */
export const readDestructionScript = readerOf({ ...common, copies })
export type DestructionScript = ReturnType<typeof readDestructionScript>

const readList = jsonOf('--copies', copies)
/** Every copy of a key, as a file of its own has them. @throws ConfigFault */
export const readCopies = (file: string): readonly ListedCopy[] => readList(file).value

/**
 * The ids of copies that are listed.
 * @param now what is destroyed was destroyed before
 * @throws ProcessRefused COPIES_DIFFER for one that is listed twice; ConfigFault for one that goes later than now
 */
export const idsOf = (option: string, listed: readonly ListedCopy[], now: string): readonly string[] => {
  const ids = listed.map(({ copy: one }) => one)
  if (new Set(ids).size !== ids.length)
    throw new ProcessRefused('RecordServiceKeyDestruction', 'COPIES_DIFFER', 'CGU-90', 'one is listed twice')
  const late = listed.find(({ destroyed }) => destroyed !== undefined && destroyed.at > now)
  if (late !== undefined)
    throw new ConfigFault(`${option}: ${late.copy} is said to be destroyed later than now`)
  return ids
}

/** Those that are not told to be gone. */
export const leftOf = (listed: readonly ListedCopy[]): readonly string[] =>
  listed.filter(({ destroyed }) => destroyed === undefined).map(({ copy: one }) => one)

const leastWitnesses = 2

/**
 * « plusieurs témoins » (RGS A2 VI.1.1): two, and not one of them twice.
 * @param clause that the ceremony is held by
 * @throws ProcessRefused WITNESSES_MISSING
 */
export const requireWitnesses = (
  command: string,
  { witnesses }: Pick<CeremonyScript, 'witnesses'>,
  clause: 'CGU-06' | 'CGU-90' | 'CGU-91' = 'CGU-90',
): void => {
  const persons = new Set(witnesses.map((name) => name.trim().toLocaleLowerCase('fr')))
  if (persons.size < leastWitnesses)
    throw new ProcessRefused(command, 'WITNESSES_MISSING', clause, `${persons.size} of ${leastWitnesses}`)
}

/** The words of a script about who was there. */
export const presentOf = ({ place, witnesses }: Pick<CeremonyScript, 'place' | 'witnesses'>): string =>
  `${place} ; témoins : ${witnesses.join(', ')}`
