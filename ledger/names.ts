// How streams, types, events and data keys are named (events.md section 6). A `$` would hide an event from every reader; a `|`
// would blur what a seal is bound to.
export const streamName = /^[a-z]+-[A-Za-z0-9-]{1,128}$/
export const typeName = /^[A-Z][A-Za-z0-9]*(\.v[1-9][0-9]*)?$/
export const keyName = /^[a-z]+_[A-Za-z0-9-]{1,128}$/
export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
