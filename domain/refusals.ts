// Every refusal the ledger can give: its code, the clauses it may cite, and its text (events.md section 3).
/** A clause of the conditions of use, as cut in docs/clauses.md. */
export type ClauseId = `CGU-${number}`

type Text = Readonly<{ clauses: readonly ClauseId[]; fr: string; en: string }>

export const refusals = {
  ACCEPTANCE_HOLDER_ONLY: {
    clauses: ['CGU-37'],
    fr: 'Seul le porteur valide le contenu de son certificat.',
    en: 'Only the holder validates his certificate.',
  },
  AGENT_CARD_NOT_ALLOWED: {
    clauses: ['CGU-27'],
    fr: 'Carte « agent » : agents présents au référentiel seulement.',
    en: 'Agent cards are for agents in the referential only.',
  },
  APPROVAL_EXPIRED: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "La durée pour laquelle l'approbation a été signée est écoulée.",
    en: 'The time that the approval was signed for is over.',
  },
  APPROVAL_KEY_CONFIRMATION_UNSIGNED: {
    clauses: ['CGU-46'],
    fr: "La confirmation d'une clé d'approbation est signée par le responsable de sécurité.",
    en: 'The confirmation of an approval key is signed by the security officer.',
  },
  APPROVAL_KEY_CONFIRMATION_UNVERIFIED: {
    clauses: ['CGU-46'],
    fr: "La signature n'est pas celle du responsable de sécurité sur cette confirmation.",
    en: "The signature is not the security officer's over this confirmation.",
  },
  APPROVAL_KEY_DIFFERS: {
    clauses: ['CGU-46'],
    fr: "L'empreinte vue n'est pas celle de la clé enregistrée.",
    en: 'The fingerprint seen is not that of the registered key.',
  },
  APPROVAL_KEY_TAKEN: {
    clauses: ['CGU-46'],
    fr: "Cette clé d'approbation est celle d'une autre personne.",
    en: "This approval key is another person's.",
  },
  APPROVAL_KEY_UNANCHORED: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "La confirmation de cette clé d'approbation ne remonte à aucune clé que la politique nomme : à confirmer de nouveau, signée.",
    en: 'The confirmation of this approval key leads to no key that the policy names: to be confirmed again, signed.',
  },
  APPROVAL_KEY_UNKNOWN: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "Aucune clé d'approbation confirmée pour ce responsable.",
    en: 'No confirmed approval key of this officer.',
  },
  APPROVAL_KEY_UNUSABLE: {
    clauses: ['CGU-46'],
    fr: "Cette clé ne peut signer d'approbation, ou sa possession n'est pas prouvée.",
    en: 'This key cannot sign approvals, or its possession is not proven.',
  },
  APPROVAL_MALFORMED: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "Le texte signé n'est pas une approbation.",
    en: 'The signed text is no approval.',
  },
  APPROVAL_NOT_SIGNED: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "L'approbation doit être signée par son auteur.",
    en: 'The approval has to be signed by who gives it.',
  },
  APPROVAL_OF_ANOTHER_REQUEST: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "L'approbation a été signée pour autre chose que cette demande.",
    en: 'The approval was signed for something else than this request.',
  },
  SHARE_UNREADABLE: {
    clauses: ['CGU-46'],
    fr: "Ce fichier n'est pas une part du code PIN.",
    en: 'This file is no share of the PIN.',
  },
  SHARE_DAMAGED: {
    clauses: ['CGU-46'],
    fr: "La part n'est pas telle qu'elle a été remise.",
    en: 'The share is not as it was given out.',
  },
  SHARE_OF_ANOTHER_SET: {
    clauses: ['CGU-46'],
    fr: "Les parts ne sont pas d'un même partage.",
    en: 'The shares are not of one set.',
  },
  SHARE_REPEATED: {
    clauses: ['CGU-46'],
    fr: 'La même part est donnée deux fois.',
    en: 'The same share is given twice.',
  },
  SHARES_TOO_FEW: {
    clauses: ['CGU-46'],
    fr: "Il n'y a pas assez de parts.",
    en: 'There are not enough shares.',
  },
  APPROVAL_SIGNATURE_INVALID: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "La signature n'est pas celle de la clé de ce responsable.",
    en: "The signature is not by this officer's key.",
  },
  APPROVER_ALREADY_COUNTED: {
    clauses: ['CGU-46', 'CGU-116'],
    fr: "Cette personne s'est déjà prononcée.",
    en: 'This person has already been counted.',
  },
  AUTH_CERTIFICATE_NOT_VALID: {
    clauses: ['CGU-58'],
    fr: "Le certificat d'authentification n'est pas valide ou pas le vôtre.",
    en: 'The authentication certificate is not valid, or not yours.',
  },
  CARD_AMBIGUOUS: {
    clauses: ['CGU-34'],
    fr: 'Plusieurs cartes vierges sont dans les lecteurs : en laisser une seule.',
    en: 'Several blank cards lie in the readers: leave one only.',
  },
  CARD_BLOCKED: {
    clauses: ['CGU-51'],
    fr: 'La carte est bloquée : la faire débloquer.',
    en: 'The card is blocked: have it unblocked.',
  },
  CARD_BUSY: {
    clauses: ['CGU-34'],
    fr: 'Cette carte est déjà dans une séance.',
    en: 'This card is already in a session.',
  },
  CARD_CANNOT_HOLD_KEY: {
    clauses: ['CGU-14'],
    fr: 'Le pilote des cartes ne prend pas ce modèle, ou pas de clé de cette taille.',
    en: 'The card driver does not take this model, or no key of this size.',
  },
  CARD_FAULTY: {
    clauses: ['CGU-99'],
    fr: "La carte ne fait pas ce qu'elle doit : la déclarer défectueuse.",
    en: 'The card does not do what it should: report it as faulty.',
  },
  CARD_FOREIGN: {
    clauses: ['CGU-34'],
    fr: "Une autre carte est dans le lecteur : mettre celle dont il s'agit.",
    en: 'Another card lies in the reader: put in the one that is meant.',
  },
  CARD_NOT_QUALIFIED: {
    clauses: ['CGU-14'],
    fr: "Ce modèle de carte n'est pas un QSCD admis, ou elle est pleine.",
    en: 'Not an accepted QSCD model, or full.',
  },
  CARD_NOT_READY: {
    clauses: ['CGU-34'],
    fr: "La carte n'en est pas à cette étape.",
    en: 'The card has not come to this step.',
  },
  CARD_OF_ANOTHER_HOLDER: {
    clauses: ['CGU-43'],
    fr: "Cette carte ou cette clé est celle d'un autre porteur.",
    en: "This card or key is another holder's.",
  },
  CARD_PIN_UNSUITABLE: {
    clauses: ['CGU-49'],
    fr: 'La carte ne prend pas de code PIN de cette forme.',
    en: 'The card does not take a PIN of this form.',
  },
  CARD_SECRET_REFUSED: {
    clauses: ['CGU-53'],
    fr: "La carte refuse le PIN ou le PUK que le service a pour elle : l'essai n'est pas répété.",
    en: 'The card refuses the PIN or the PUK that the service has for it: it is not tried again.',
  },
  CARD_UNREACHABLE: {
    clauses: ['CGU-34', 'CGU-50', 'CGU-53'],
    fr: "La carte ou son lecteur ne répond pas : la remettre et redonner l'ordre.",
    en: 'The card or its reader does not answer: put it back and give the order again.',
  },
  CARD_UNSUPPORTED: {
    clauses: ['CGU-14'],
    fr: "La carte qui est dans le lecteur n'est pas d'un modèle que le service écrit.",
    en: 'The card in the reader is not of a kind that the service writes.',
  },
  CA_KEY_NEVER_TRANSMITTED: {
    clauses: ['CGU-89'],
    fr: "La clé privée de l'AC ne se transmet pas.",
    en: "The CA's private key is never transmitted.",
  },
  CA_KEY_NOT_DESTROYED: {
    clauses: ['CGU-90'],
    fr: "La clé de l'AC n'est pas détruite.",
    en: 'The CA key has not been destroyed.',
  },
  CEREMONY_REQUIRED: {
    clauses: ['CGU-90'],
    fr: 'Une clé sur un jeton, ou dont il existe des copies, est détruite en cérémonie, devant témoins.',
    en: 'A key on a token, or of which there are copies, is destroyed in a ceremony, before witnesses.',
  },
  CERTIFICATES_STILL_VALID: {
    clauses: ['CGU-85'],
    fr: 'Des certificats sont encore valides ou en cours.',
    en: 'Some certificates are still valid or under way.',
  },
  CERTIFICATE_AMBIGUOUS: {
    clauses: ['CGU-73'],
    fr: 'Plusieurs certificats correspondent : indiquer le n° de série.',
    en: 'Several certificates match: give the serial number.',
  },
  CERTIFICATE_NOT_ACCEPTED: {
    clauses: ['CGU-37'],
    fr: "Le porteur n'a pas validé le contenu du certificat.",
    en: 'The holder has not validated the content.',
  },
  CERTIFICATE_UNKNOWN: {
    clauses: ['CGU-43', 'CGU-73'],
    fr: 'Aucun certificat ne correspond.',
    en: 'No certificate matches.',
  },
  CGU_NOT_ACCEPTED: {
    clauses: ['CGU-16'],
    fr: "Le porteur n'a pas accepté les CGU.",
    en: 'The holder has not accepted the CGU.',
  },
  CGU_NOT_CURRENT: {
    clauses: ['CGU-19'],
    fr: "Cette version des CGU n'est pas celle en vigueur.",
    en: 'This CGU version is not the one in force.',
  },
  CHANNEL_NOT_OPEN: {
    clauses: ['CGU-63', 'CGU-64', 'CGU-67'],
    fr: "Cette AE n'offre pas ce canal.",
    en: 'This RA does not offer this channel.',
  },
  COMPONENT_NOT_CONTROLLED: {
    clauses: ['CGU-124', 'CGU-125'],
    fr: 'Contrôle exigé avant mise en service et après modification significative.',
    en: 'A control must come before service, and after a significant change.',
  },
  COMPONENT_NOT_IN_SERVICE: {
    clauses: ['CGU-124'],
    fr: "Cette composante n'est pas en service.",
    en: 'This component is not in service.',
  },
  CONTENT_DIFFERS: {
    clauses: ['CGU-36'],
    fr: "Le contenu présenté n'est pas celui du certificat.",
    en: 'What was presented is not the certificate.',
  },
  COPIES_DIFFER: {
    clauses: ['CGU-90'],
    fr: 'Les copies nommées ne sont pas celles que le registre connaît.',
    en: 'The copies named are not those that the ledger knows.',
  },
  CRL_NUMBER_NOT_NEXT: {
    clauses: ['CGU-05'],
    fr: "Ce numéro de LCR n'est pas le suivant.",
    en: 'This is not the next CRL number.',
  },
  CRL_SERIES_ENDED: {
    clauses: ['CGU-87'],
    fr: 'La dernière LCR est émise.',
    en: 'The last CRL has been issued.',
  },
  DESK_BUSY: {
    clauses: ['CGU-34'],
    fr: 'Une séance est déjà ouverte à ce guichet.',
    en: 'A session is already open at this desk.',
  },
  DOSSIER_INCOMPLETE: {
    clauses: ['CGU-29'],
    fr: 'Le dossier de demande est incomplet.',
    en: 'The request file is incomplete.',
  },
  ENTITY_NOT_VERIFIED: {
    clauses: ['CGU-24'],
    fr: "L'identité de l'entité n'est pas validée par l'AE.",
    en: "The RA has not validated the entity's identity.",
  },
  END_NOT_DECLARED: {
    clauses: ['CGU-80'],
    fr: "La fin de vie de l'AC n'est pas déclarée.",
    en: 'The end of the authority has not been declared.',
  },
  ESCROW_FORBIDDEN: {
    clauses: ['CGU-108'],
    fr: 'Seule une clé de déchiffrement se séquestre.',
    en: 'Only decryption keys are escrowed.',
  },
  ESCROW_MANDATORY: {
    clauses: ['CGU-39'],
    fr: 'Toute demande intègre le séquestre de la clé.',
    en: 'Every request includes escrow of the key.',
  },
  ESCROW_NOT_TRANSFERRED: {
    clauses: ['CGU-82'],
    fr: "Le séquestre n'est pas transféré, ou son repreneur ne l'a pas confirmé.",
    en: 'The escrow has not been handed over, or its successor has not confirmed it.',
  },
  ESCROW_REFUSED: {
    clauses: ['CGU-41'],
    fr: 'Le séquestre a refusé cette clé ; sa raison est au journal.',
    en: 'The escrow has refused this key; the journal has its reason.',
  },
  ESCROW_TERM_ENDED: {
    clauses: ['CGU-48'],
    fr: 'La période de séquestre est échue.',
    en: 'The escrow period has ended.',
  },
  ESCROW_TERM_RUNNING: {
    clauses: ['CGU-41'],
    fr: 'La période de séquestre court encore.',
    en: 'The escrow period is still running.',
  },
  ESCROW_TERM_WRONG: {
    clauses: ['CGU-41'],
    fr: 'La durée de séquestre est de dix ans.',
    en: 'The escrow term is ten years.',
  },
  FINAL_ANSWERS_INCOMPLETE: {
    clauses: ['CGU-88'],
    fr: 'Il manque une dernière réponse OCSP.',
    en: 'A last OCSP answer is missing.',
  },
  FULL_IDENTIFICATION_REQUIRED: {
    clauses: ['CGU-57', 'CGU-59'],
    fr: "Identification par l'AE comme à l'enregistrement initial.",
    en: 'The RA must identify as at first registration.',
  },
  HOLDER_ABSENT: {
    clauses: ['CGU-34'],
    fr: 'La délivrance se fait en présence du porteur.',
    en: "Issuance takes place in the holder's presence.",
  },
  HOLDER_NAME_MISMATCH: {
    clauses: ['CGU-71'],
    fr: 'Nom et prénom ne sont pas ceux du certificat.',
    en: 'The name is not the one in the certificate.',
  },
  HOLD_NOT_ON_KEY: {
    clauses: ['CGU-48'],
    fr: "Une clé n'est pas gardée au-delà du séquestre.",
    en: 'A key is not kept beyond its escrow.',
  },
  IDENTIFIER_INCOMPLETE: {
    clauses: ['CGU-44'],
    fr: 'N° de série et nom du porteur sont exigés.',
    en: 'Serial number and holder name are both needed.',
  },
  IDENTIFIER_MISMATCH: {
    clauses: ['CGU-44'],
    fr: 'N° de série et nom ne désignent pas la même clé.',
    en: 'Serial and name do not name the same key.',
  },
  IDENTITY_DOCUMENT_REQUIRED: {
    clauses: ['CGU-24', 'CGU-25', 'CGU-26', 'CGU-53', 'CGU-66'],
    fr: "Document officiel d'identité exigé.",
    en: 'An official identity document is required.',
  },
  IDENTITY_NOT_VERIFIED: {
    clauses: ['CGU-24'],
    fr: "L'identité de la personne n'est pas validée.",
    en: "The person's identity has not been validated.",
  },
  ISSUANCE_STOPPED: {
    clauses: ['CGU-80'],
    fr: 'La délivrance est arrêtée.',
    en: 'Issuance has been stopped.',
  },
  KEY_BUSY: {
    clauses: ['CGU-41'],
    fr: 'Une opération est en cours sur cette clé.',
    en: 'Another operation on this key is under way.',
  },
  KEY_NOT_ESCROWED: {
    clauses: ['CGU-38'],
    fr: 'Pas de certificat sans clé séquestrée.',
    en: 'No certificate without an escrowed key.',
  },
  LAST_CRL_MISSING: {
    clauses: ['CGU-86'],
    fr: "La dernière LCR n'est pas publiée.",
    en: 'The last CRL has not been published.',
  },
  MANDATE_NOT_IN_FORCE: {
    clauses: ['CGU-23'],
    fr: "Le MC n'est pas enregistré par l'AE ou son mandat a pris fin.",
    en: 'The MC is not registered, or his mandate has ended.',
  },
  MANDATE_REQUIRED: {
    clauses: ['CGU-29', 'CGU-30'],
    fr: 'Agent inconnu du référentiel ou prestataire : MC et dossier exigés.',
    en: 'Unknown agents and contractors need an MC and a file.',
  },
  MANDATE_TOO_OLD: {
    clauses: ['CGU-08'],
    fr: 'Le mandat ou la pièce a plus de trois mois.',
    en: 'The mandate or document is over three months old.',
  },
  MATRICULE_INVALID: {
    clauses: ['CGU-27'],
    fr: 'Le matricule ministériel comporte dix chiffres.',
    en: 'The ministerial number has ten digits.',
  },
  OBLIGATIONS_MISSING: {
    clauses: ['CGU-82'],
    fr: 'Les obligations ne sont pas toutes transférées.',
    en: 'Not every obligation has been transferred.',
  },
  OUT_OF_ORDER: {
    clauses: [
      'CGU-05',
      'CGU-06',
      'CGU-16',
      'CGU-19',
      'CGU-21',
      'CGU-23',
      'CGU-24',
      'CGU-25',
      'CGU-29',
      'CGU-34',
      'CGU-37',
      'CGU-38',
      'CGU-46',
      'CGU-50',
      'CGU-111',
      'CGU-112',
      'CGU-116',
      'CGU-97',
      'CGU-54',
      'CGU-77',
      'CGU-51',
      'CGU-53',
      'CGU-99',
      'CGU-75',
      'CGU-80',
      'CGU-82',
      'CGU-84',
      'CGU-85',
      'CGU-87',
      'CGU-88',
      'CGU-90',
      'CGU-91',
      'CGU-119',
      'CGU-122',
      'CGU-123',
      'CGU-124',
      'CGU-125',
      'CGU-55',
    ],
    fr: "Cet acte n'est pas possible dans l'état présent du dossier.",
    en: 'This act is not possible in the present state.',
  },
  PACKAGE_CHANGED: {
    clauses: ['CGU-82'],
    fr: "Ces fichiers ne sont pas le colis du séquestre tel qu'il a été fait.",
    en: 'These files are not the package of the escrow as it was made.',
  },
  PACKAGE_NOT_EMPTY: {
    clauses: ['CGU-82'],
    fr: 'Ce répertoire contient autre chose que ce colis du séquestre.',
    en: 'This directory holds something else than this package of the escrow.',
  },
  PARAMETER_OUT_OF_BOUNDS: {
    clauses: ['CGU-06', 'CGU-81'],
    fr: 'Cette valeur contredit les CGU.',
    en: 'This value contradicts the CGU.',
  },
  PERSONAL_DATA_DESTROYED: {
    clauses: ['CGU-116'],
    fr: 'Les données nécessaires ont été détruites à leur échéance.',
    en: 'The data needed were destroyed at their term.',
  },
  PERSON_MISMATCH: {
    clauses: ['CGU-04'],
    fr: 'Les données ne sont pas celles de ce porteur.',
    en: "The data are not this holder's.",
  },
  PIN_HOLDER_ONLY: {
    clauses: ['CGU-50'],
    fr: 'Le code PIN est défini par le porteur seul.',
    en: 'Only the holder defines the PIN.',
  },
  PIN_NOT_DEFINED: {
    clauses: ['CGU-50'],
    fr: "Le porteur n'a pas défini son code PIN.",
    en: 'The holder has not defined his PIN.',
  },
  PORTAL_AUTHENTICATION_REQUIRED: {
    clauses: ['CGU-65'],
    fr: 'Portail réservé au porteur authentifié.',
    en: 'The portal is for the authenticated holder.',
  },
  PROFILE_NOT_OFFERED: {
    clauses: ['CGU-10'],
    fr: "L'AC ne délivre que des certificats de chiffrement.",
    en: 'The CA issues encryption certificates only.',
  },
  PUBLIC_KEY_TAKEN: {
    clauses: ['CGU-60'],
    fr: 'Cette clé publique est déjà affectée : bi-clé nouvelle exigée.',
    en: 'This public key is taken: a new key pair is needed.',
  },
  QUALIFICATION_LAPSED: {
    clauses: ['CGU-121'],
    fr: "La qualification RGS n'est plus en cours.",
    en: 'The RGS qualification has lapsed.',
  },
  RECEIPT_DIFFERS: {
    clauses: ['CGU-82'],
    fr: "L'accusé de réception n'est pas celui de ce colis du séquestre.",
    en: 'The receipt is not that of this package of the escrow.',
  },
  RECIPIENT_CERTIFICATE_UNUSABLE: {
    clauses: ['CGU-46'],
    fr: 'Le certificat du destinataire ne permet pas de lui remettre la clé.',
    en: "The recipient's certificate cannot serve to hand over the key.",
  },
  RECOVERY_GROUND_MISSING: {
    clauses: ['CGU-46', 'CGU-47'],
    fr: 'Demande judiciaire ou indisponibilité prolongée à justifier.',
    en: 'A judicial request or long absence must be shown.',
  },
  RECOVERY_NOT_APPROVED: {
    clauses: ['CGU-46'],
    fr: 'Deux approbations distinctes et non échues sont exigées.',
    en: 'Two distinct, unexpired approvals are needed.',
  },
  RECOVERY_REQUESTER_NOT_ENTITLED: {
    clauses: ['CGU-47'],
    fr: 'Ce demandeur ne peut demander un recouvrement.',
    en: 'This requester may not ask for a recovery.',
  },
  RENEWAL_AFTER_REVOCATION: {
    clauses: ['CGU-57'],
    fr: 'Certificat révoqué ou expiré : demande initiale.',
    en: 'Revoked or expired: make an initial request.',
  },
  RENEWAL_AGENT_CARD_ONLY: {
    clauses: ['CGU-56'],
    fr: 'Carte « temporaire » : suivre la demande initiale.',
    en: 'Temporary cards follow the initial request.',
  },
  RENEWAL_ALREADY_OPEN: {
    clauses: ['CGU-55'],
    fr: 'Ce certificat a déjà une demande de renouvellement.',
    en: 'This certificate already has a renewal.',
  },
  RENEWAL_HOLDER_ONLY: {
    clauses: ['CGU-55'],
    fr: "Le renouvellement se fait à l'initiative du porteur.",
    en: "Renewal is on the holder's initiative.",
  },
  REQUESTER_NAME_MISSING: {
    clauses: ['CGU-72'],
    fr: 'Le nom du demandeur manque.',
    en: "The requester's name is missing.",
  },
  REQUESTER_NOT_ENTITLED: {
    clauses: ['CGU-21'],
    fr: "Seuls le futur porteur, un MC ou l'AE demandent un certificat.",
    en: 'Only the future holder, an MC or the RA may request.',
  },
  REQUEST_INCOMPLETE: {
    clauses: ['CGU-28', 'CGU-31', 'CGU-32', 'CGU-33'],
    fr: "Nom, données d'identification ou entité manquants.",
    en: 'Name, identification data or entity missing.',
  },
  RETENTION_RUNNING: {
    clauses: ['CGU-113', 'CGU-114', 'CGU-115'],
    fr: 'La durée de conservation court encore.',
    en: 'The retention period is still running.',
  },
  REVOCATION_MOTIVE_MISSING: {
    clauses: ['CGU-63', 'CGU-64'],
    fr: "Une révocation d'office indique son motif.",
    en: 'A revocation on own motion states its motive.',
  },
  REVOCATION_NOT_AUTHENTICATED: {
    clauses: ['CGU-75'],
    fr: "La demande n'est pas authentifiée et contrôlée.",
    en: 'The request has not been authenticated and checked.',
  },
  REVOKER_NOT_ENTITLED: {
    clauses: ['CGU-61', 'CGU-62'],
    fr: 'Cette personne ne peut demander cette révocation.',
    en: 'This person may not request this revocation.',
  },
  ROLES_INCOMPATIBLE: {
    clauses: ['CGU-06'],
    fr: 'Ces rôles ne peuvent être cumulés.',
    en: 'These roles may not be combined.',
  },
  ROLE_NOT_HELD: {
    clauses: ['CGU-06', 'CGU-16', 'CGU-21', 'CGU-26', 'CGU-37', 'CGU-53', 'CGU-122'],
    fr: "Ce rôle n'est pas, ou n'est plus, le vôtre.",
    en: 'You do not hold this role, or no longer.',
  },
  SECOND_PERSON_REQUIRED: {
    clauses: ['CGU-06'],
    fr: 'Cet acte exige deux personnes distinctes.',
    en: 'This act needs two distinct persons.',
  },
  SELF_APPROVAL: {
    clauses: ['CGU-04'],
    fr: "Nul ne vérifie ni n'approuve pour soi-même.",
    en: 'Nobody verifies or approves for himself.',
  },
  SIGNATURE_REQUIRED: {
    clauses: ['CGU-68'],
    fr: 'La demande doit être signée par le demandeur.',
    en: 'The requester must sign the request.',
  },
  SITES_DIFFER: {
    clauses: ['CGU-12'],
    fr: 'Les sites ne publient pas le même document.',
    en: 'The sites do not serve the same document.',
  },
  SUCCESSOR_CERTIFICATE_UNUSABLE: {
    clauses: ['CGU-82'],
    fr: 'Le certificat du repreneur ne permet pas de lui transférer le séquestre.',
    en: "The successor's certificate cannot serve to hand the escrow over.",
  },
  UNBLOCKING_HOLDER_ONLY: {
    clauses: ['CGU-52'],
    fr: 'Le déblocage est réservé au porteur.',
    en: 'Unblocking is for the holder only.',
  },
  UNIT_ON_HOLD: { clauses: ['CGU-116'], fr: 'Ces données sont gelées.', en: 'These data are on hold.' },
  UNIT_UNKNOWN: {
    clauses: ['CGU-116'],
    fr: 'Aucune donnée n’est conservée sous cette référence.',
    en: 'No data are kept under this reference.',
  },
  VALIDITY_WRONG: {
    clauses: ['CGU-18'],
    fr: "Validité de trois ans, dans celle de l'AC.",
    en: "Three years' validity, within the CA's own.",
  },
  VERIFIER_WRONG: {
    clauses: ['CGU-26'],
    fr: "Via un MC, le MC valide l'identité ; sinon, l'AE.",
    en: 'Through an MC the MC validates identity; else the RA.',
  },
  VISA_MISSING: {
    clauses: ['CGU-116'],
    fr: "Le visa d'élimination manque.",
    en: 'The elimination visa is missing.',
  },
  WITNESSES_MISSING: {
    clauses: ['CGU-06', 'CGU-90', 'CGU-91'],
    fr: 'La cérémonie demande deux témoins distincts.',
    en: 'The ceremony asks for two distinct witnesses.',
  },
} as const satisfies Record<string, Text>

export type RefusalCode = keyof typeof refusals
