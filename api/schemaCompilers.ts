// Schemas are compiled when a request first needs them. There are hundreds, and compiling them all is half of what an application
// computes at its start, for a process that may be asked for three.
import { AjvCompiler } from '@fastify/ajv-compiler'
import { SerializerSelector, type SerializerFactory } from '@fastify/fast-json-stringify-compiler'

type ValidatorFactory = ReturnType<typeof AjvCompiler>
type Validator = ReturnType<ReturnType<ValidatorFactory>>

const buildValidator: ValidatorFactory = (shared, options) => {
  const compile = AjvCompiler()(shared, options)
  return (...route) => {
    let made: Validator | undefined
    const validate = ((...data: Parameters<Validator>) => {
      made ??= compile(...route)
      const verdict = made(...data)
      // Fastify reads what is wrong from the function itself, as it does with Ajv's own.
      validate.errors = made.errors ?? null
      return verdict
    }) as Validator
    return validate
  }
}

const buildSerializer: SerializerFactory = (shared, options) => {
  const compile = SerializerSelector()(shared, options)
  return (route) => {
    let made: ReturnType<typeof compile> | undefined
    return (document) => (made ??= compile(route))(document)
  }
}

/**
 * What Fastify is to compile schemas with.
 * @param when `atStart` finds out a schema that is none before anything is asked: a test asks for it
 */
export const schemaCompilers = (when: 'atStart' | 'atFirstUse') =>
  when === 'atStart' ? {} : { schemaController: { compilersFactory: { buildValidator, buildSerializer } } }
