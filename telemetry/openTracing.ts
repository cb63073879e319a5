// Where spans go, by the standard variables of OpenTelemetry.
import { noTracing, type About, type Tracing } from './tracing.ts'

/** Where spans are to be sent, of the standard variables; undefined: nowhere. */
const endpointOf = (env: NodeJS.ProcessEnv): string | undefined => {
  if (env['OTEL_SDK_DISABLED'] === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none') return undefined
  const [own, common] = [env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], env['OTEL_EXPORTER_OTLP_ENDPOINT']]
  if (own !== undefined && own !== '') return own
  return common === undefined || common === '' ? undefined : `${common.replace(/\/$/, '')}/v1/traces`
}

/** OpenTelemetry where its variables are set: it is loaded only then. */
export const openTracing = async (env: NodeJS.ProcessEnv, about: About): Promise<Tracing> => {
  const url = endpointOf(env)
  if (url === undefined) return noTracing
  const { openOtlp } = await import('./otlp.ts')
  return openOtlp(url, about)
}
