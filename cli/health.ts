// What the parts say of themselves for `/readyz`: true, or in a word why not.

/** @param otherwise what is said where looking at it fails */
export const stateOf = (look: () => Promise<unknown>, otherwise: string): Promise<true | string> =>
  look().then(
    () => true as const,
    () => otherwise,
  )
