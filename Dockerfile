# syntax=docker/dockerfile:1
# docker build -t bellhop . && docker run --env-file .env -v bellhop:/data bellhop
ARG NODE_VERSION=24
FROM node:${NODE_VERSION}-bookworm-slim AS deps
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages are only Node itself, which this image has.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:${NODE_VERSION}-bookworm-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates redis-server tini \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /data
ENV NODE_ENV=production DATA_DIR=/data DB_PATH=/data/sample.db
WORKDIR /app
COPY --from=deps /app/node_modules node_modules
COPY package.json servers.config.json ./
COPY src src
COPY adapters adapters
COPY servers servers
COPY skills skills
USER node
VOLUME /data
# To reach the web door from outside set HOST=0.0.0.0 and HTTP_API_KEYS, and publish the port.
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8000) + '/health').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--"]
CMD ["node", "src/main.ts"]
