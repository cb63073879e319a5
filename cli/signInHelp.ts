// What `--help` says of the settings of signing in (cli/signInConfig.ts), which it does not load for it.

export const signInHelp = `  PUBLIC_URL                   where browsers and programs find the service, as https://igc.example
  TLS_CERT_FILE, TLS_KEY_FILE  certificate and key of the service itself (a proxy ends TLS), on
  TLS_PORT                     a port beside PORT (8443)
  CLIENT_CA_DIR                authorities and CRLs that client certificates are judged by (none)
  CLIENT_CERT_PROXIES          proxies whose Client-Cert is believed (none)
  OIDC_ISSUER, _CLIENT_ID, _CLIENT_SECRET   the OpenID Connect provider; also OIDC_CLIENT_SECRET_FILE
  OIDC_SCOPES, _ACR_VALUES     with blanks between (openid; any level)
  OIDC_PKCE, _ALGORITHM        on or off (on); of its signatures (RS256)
  SESSION_IDLE_MINUTES, SESSION_HOURS       of browsers (30, 8)
  RATE_LIMIT_API, _PUBLICATION, _SIGN_IN    requests a minute of an address (1200, 60000, 60)
  RATE_LIMIT_COMMANDS, _READS  requests a minute of an account (300, 900)`
