// A connection to PostgreSQL that ends under a question is told by the driver in words alone, without a code: who asked would take it for a
// fault of the program. Here it has the code of the SQL standard, as what the server itself says of its connections.

/** SQLSTATE 08006: connection failure. */
const connectionFailure = '08006'

const ended =
  /^Connection terminated|is not queryable$|^timeout expired$|^timeout exceeded when trying to connect$|^Query read timeout$/

/** Waits for what was asked at a connection. @throws its fault, with a code where the connection was lost */
export const coded = async <T>(asked: Promise<T>): Promise<T> => {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Error && !('code' in error) && ended.test(error.message))
      throw Object.assign(error, { code: connectionFailure })
    throw error
  }
}
