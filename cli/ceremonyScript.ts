// The script of a key ceremony, as a file: what it is, where and when it is held, and who watches.
import { readFileSync } from 'node:fs'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { ConfigFault } from './configFault.ts'

const words = Type.String({ minLength: 1, maxLength: 500 })
const schema = Type.Object(
  {
    title: words,
    place: words,
    /** By their names and functions: they sign the report on paper. */
    witnesses: Type.Array(words, { minItems: 1, maxItems: 20 }),
    remarks: Type.Optional(words),
  },
  { additionalProperties: false },
)
const check = Compile(schema)

export type CeremonyScript = Static<typeof schema> & Readonly<{ text: string }>

/** @throws ConfigFault that names the file and the field */
export const readScript = (file: string): CeremonyScript => {
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
  return { ...check.Parse(value), text }
}
