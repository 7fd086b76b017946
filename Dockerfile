# syntax=docker/dockerfile:1
# One process with everything in it: docker build -t bellhop . && docker run --env-file .env -v bellhop:/data bellhop
# Gateway, workers and Redis apart: compose.yaml
ARG NODE_VERSION=24

FROM node:${NODE_VERSION}-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages are only Node itself, which this image has.
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --omit=optional --ignore-scripts

# yt-dlp ages within weeks: build anew with --build-arg YT_DLP_VERSION=… (empty: the newest), or leave it out with --build-arg MEDIA=0.
FROM node:${NODE_VERSION}-bookworm-slim AS media
ARG MEDIA=1
ARG YT_DLP_VERSION=
RUN mkdir /opt/yt-dlp \
 && if [ "$MEDIA" = 1 ]; then \
      apt-get update \
   && apt-get install -y --no-install-recommends ca-certificates python3-venv \
   && python3 -m venv /opt/yt-dlp \
   && /opt/yt-dlp/bin/pip install --no-cache-dir "yt-dlp[default]${YT_DLP_VERSION:+==$YT_DLP_VERSION}" \
   && rm -rf /var/lib/apt/lists/*; \
    fi

FROM node:${NODE_VERSION}-bookworm-slim
ARG MEDIA=1
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates redis-server tini $(if [ "$MEDIA" = 1 ]; then echo ffmpeg python3; fi) \
 && rm -rf /var/lib/apt/lists/* \
 && install -d -o node -g node /data
COPY --from=media /opt/yt-dlp /opt/yt-dlp
# Nothing outside /data and /tmp is written to: both may be all that can be. HOME is where npx keeps the servers that it fetches.
ENV NODE_ENV=production DATA_DIR=/data DB_PATH=/data/sample.db HOME=/data PATH=/opt/yt-dlp/bin:$PATH
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json servers.config.json ./
COPY src src
COPY adapters adapters
COPY servers servers
COPY script script
COPY skills skills
USER node
VOLUME /data
# To reach the web door from outside set HOST=0.0.0.0 and HTTP_API_KEYS, and publish the port.
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=4 CMD ["node", "script/health.ts"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tini", "--"]
CMD ["node", "src/main.ts"]
