// What can go wrong at the edge, before or beside a decision: these cite no clause.

type EdgeProblem = Readonly<{ status: number; fr: string; en: string }>

export const edgeProblems = {
  MALFORMED_JSON: {
    status: 400,
    fr: "Le corps de la requête n'est pas du JSON valide.",
    en: 'The body is not valid JSON.',
  },
  VALIDATION_FAILED: {
    status: 400,
    fr: 'La requête ne correspond pas au schéma attendu.',
    en: 'The request does not fit its schema.',
  },
  HEADER_INVALID: { status: 400, fr: "Un en-tête n'est pas lisible.", en: 'A header cannot be read.' },
  IDEMPOTENCY_KEY_MISSING: {
    status: 400,
    fr: "L'en-tête Idempotency-Key (un UUID) est exigé.",
    en: 'The header Idempotency-Key (a UUID) is required.',
  },
  UNAUTHENTICATED: {
    status: 401,
    fr: 'Authentification requise : rien ne l’établit.',
    en: 'Authentication required: nothing establishes it.',
  },
  CROSS_SITE: {
    status: 403,
    fr: 'La requête vient d’un autre site.',
    en: 'The request comes from another site.',
  },
  TLS_REQUIRED: {
    status: 403,
    fr: 'Cette ressource n’est servie que sur TLS.',
    en: 'This resource is served over TLS only.',
  },
  NOT_FOUND: { status: 404, fr: "Cette ressource n'existe pas.", en: 'There is no such resource.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    fr: "Cette ressource n'admet pas cette méthode.",
    en: 'This resource does not take this method.',
  },
  IDEMPOTENCY_KEY_IN_FLIGHT: {
    status: 409,
    fr: 'Une requête de même clé, ou sur le même objet, est en cours.',
    en: 'A request with this key, or on this thing, is under way.',
  },
  DELIVERY_COLLECTED: {
    status: 410,
    fr: 'La clé recouvrée a déjà été remise.',
    en: 'The recovered key has already been delivered.',
  },
  REVISION_MISMATCH: {
    status: 412,
    fr: "L'objet a changé depuis sa lecture.",
    en: 'It has changed since it was read.',
  },
  PAYLOAD_TOO_LARGE: { status: 413, fr: 'La requête est trop longue.', en: 'The request is too long.' },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    fr: "Ce type de contenu n'est pas admis.",
    en: 'This content type is not taken.',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    fr: "L'intervalle demandé n'existe pas.",
    en: 'There is no such range.',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    fr: "Cette clé d'idempotence a servi à une autre requête.",
    en: 'This idempotency key was used for another request.',
  },
  LINT_REFUSED: {
    status: 422,
    fr: 'Le certificat ne serait pas conforme à son profil : rien n’a été signé.',
    en: 'The certificate would not fit its profile: nothing was signed.',
  },
  TOO_MANY_REQUESTS: { status: 429, fr: 'Trop de requêtes.', en: 'Too many requests.' },
  INTERNAL_ERROR: { status: 500, fr: 'Erreur interne.', en: 'Internal error.' },
  LEDGER_UNAVAILABLE: {
    status: 503,
    fr: 'Le grand livre est hors d’atteinte. Renvoyer la même requête, avec la même clé.',
    en: 'The ledger is out of reach. Send the same request again, with the same key.',
  },
  PROVIDER_UNAVAILABLE: {
    status: 503,
    fr: 'Le fournisseur d’identité est hors d’atteinte.',
    en: 'The identity provider is out of reach.',
  },
  READ_MODEL_UNAVAILABLE: {
    status: 503,
    fr: 'Les tables de lecture sont hors d’atteinte.',
    en: 'The read models are out of reach.',
  },
  CUSTODY_UNAVAILABLE: {
    status: 503,
    fr: 'La garde des clés est hors d’atteinte.',
    en: 'The custody of keys is out of reach.',
  },
  STORAGE_UNAVAILABLE: {
    status: 503,
    fr: 'Le disque n’accepte rien à présent. Renvoyer la même requête, avec la même clé.',
    en: 'The disk takes nothing at present. Send the same request again, with the same key.',
  },
  CONTENDED: {
    status: 503,
    fr: 'Trop d’écritures concurrentes. Renvoyer la même requête, avec la même clé.',
    en: 'Too many writers at once. Send the same request again, with the same key.',
  },
  PROJECTION_LAGGING: {
    status: 503,
    fr: 'Les tables de lecture n’ont pas encore atteint la position demandée.',
    en: 'The read models have not yet reached the position asked for.',
  },
} as const satisfies Record<string, EdgeProblem>

export type EdgeCode = keyof typeof edgeProblems
