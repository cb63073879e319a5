/** A read model is behind, or is being built anew: what is to be read of it is not there yet. It is asked for again later. */
export class RowsBehind extends Error {
  override readonly name = 'RowsBehind'
}
