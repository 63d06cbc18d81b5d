# To pin it by what it holds: --build-arg NODE=node:24.21.0-bookworm-slim@sha256:<digest>
ARG NODE=node:24.21.0-bookworm-slim
FROM ${NODE} AS build
WORKDIR /src
# npm ci, in a layer of its own: it changes only with the lock file.
COPY package.json package-lock.json .npmrc ./
COPY scripts/bootstrap.mjs scripts/
RUN node scripts/bootstrap.mjs
COPY tsconfig.json ./
COPY scripts scripts/
COPY src src/
RUN npm run build && mkdir data

# Nothing is run here, so an image for another platform needs no emulation.
FROM ${NODE}
LABEL org.opencontainers.image.title="carillon" \
      org.opencontainers.image.licenses="Apache-2.0"
# Few arenas of malloc keep memory small; the program makes little use of threads.
ENV NODE_ENV=production MALLOC_ARENA_MAX=2
# With it what is in it, for scanners, and the licences that go with every copy.
COPY --from=build /src/dist/carillon.js /src/dist/carillon.cdx.json /src/dist/THIRD-PARTY-LICENSES.txt /src/package.json /app/
# So that `kubectl exec` finds it by its name.
COPY --from=build /src/scripts/carillon /usr/local/bin/
# The outbox's place, where no volume is mounted.
COPY --from=build --chown=65532:65532 /src/data /var/lib/carillon/
USER 65532:65532
EXPOSE 8080
# The flags bound V8's heap in MiB, and its threads: collecting garbage is not to take all cores from what runs beside it.
ENTRYPOINT ["node", "--max-semi-space-size=1", "--max-old-space-size=64", "--v8-pool-size=1", "/app/carillon.js"]
CMD ["run"]
