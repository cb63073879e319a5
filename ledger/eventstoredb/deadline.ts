/** No answer within the time given; whether the request took effect is unknown. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
}

/**
 * `promise`, or NoAnswer after `ms`. `abandon` then frees what the promise was waiting for; its late result is dropped.
 */
export const deadline = async <T>(ms: number, promise: Promise<T>, abandon: () => void): Promise<T> => {
  let timer: NodeJS.Timeout | undefined
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      promise.catch(() => undefined)
      abandon()
      reject(new NoAnswer(`no answer within ${ms} ms`))
    }, ms)
  })
  try {
    return await Promise.race([promise, expiry])
  } finally {
    clearTimeout(timer)
  }
}
