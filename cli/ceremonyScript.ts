// The script of a key ceremony, as a file: what it is, where and when it is held, and who watches; and what the ceremony itself needs.
import { readFileSync } from 'node:fs'
import { Type, type Static, type TProperties } from 'typebox'
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

/** @throws ConfigFault that names the file and the field */
const readerOf = <P extends TProperties>(properties: P) => {
  const schema = Type.Object(properties, { additionalProperties: false })
  const check = Compile(schema)
  return (file: string): Static<typeof schema> & Readonly<{ text: string }> => {
    let text: string
    let value: unknown
    try {
      text = readFileSync(file, 'utf8')
      value = JSON.parse(text)
    } catch (error) {
      throw new ConfigFault(
        `--script: ${file} cannot be read as JSON: ${error instanceof Error ? error.message : ''}`,
      )
    }
    const [fault] = check.Errors(value)
    if (fault !== undefined)
      throw new ConfigFault(`--script: ${file}: ${fault.instancePath || '/'} ${fault.message}`)
    return { ...(value as Static<typeof schema>), text }
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

/** The script of the destruction of the authority's key, with every copy. @throws ConfigFault */
export const readDestructionScript = readerOf({ ...common, copies: Type.Array(copy, { maxItems: 100 }) })
export type DestructionScript = ReturnType<typeof readDestructionScript>
export type ListedCopy = DestructionScript['copies'][number]

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
