# The image holds the built files and production dependencies only. Build: docker build -t grand-livre .
FROM node:20-bookworm-slim AS build
# pkcs11js is compiled where it is installed.
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/data
WORKDIR /app
# What CARD_DRIVER=pcsc speaks to a pcscd with.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libpcsclite1 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/cli/grand-livre.js ./cli/
COPY --from=build /app/domain/policy/ac-confidentialite-mef-qualifiee.json ./domain/policy/
COPY --from=build /app/docs/cgu ./docs/cgu
# What a volume is mounted on gives it its owner: the data, and the socket of the signer process.
RUN install -d -o node -g node -m 0700 /data /run/signer
USER node
# One image, the role by its command: start, or signer, migrate, api, projector, worker and status (docker-compose.yml).
# Nothing is written outside of /data, /run/signer and /tmp: run it with --read-only --tmpfs /tmp.
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "cli/grand-livre.js"]
CMD ["start"]
