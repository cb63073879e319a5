/** Undefined, after `ms`: the application's own timeout around what may never settle. */
export const settle = (ms: number): Promise<undefined> =>
  new Promise((resolve) => {
    setTimeout(() => resolve(undefined), ms)
  })
