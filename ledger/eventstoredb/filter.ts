import type { Filter, RecordedEvent } from '../store.ts'

/**
 * The server's filter, for the one event that a resumed subscription looks at itself. The server matches with .NET's
 * `Regex.Match`, unanchored; use only what both dialects share.
 */
export const matches = (filter: Filter | undefined, event: RecordedEvent): boolean => {
  if (filter === undefined) return true
  if ('streamRegex' in filter) return new RegExp(filter.streamRegex, 'u').test(event.stream)
  if ('typeRegex' in filter) return new RegExp(filter.typeRegex, 'u').test(event.type)
  return 'streamPrefixes' in filter
    ? filter.streamPrefixes.some((prefix) => event.stream.startsWith(prefix))
    : filter.typePrefixes.some((prefix) => event.type.startsWith(prefix))
}
