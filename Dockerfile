# syntax=docker/dockerfile:1
# Debian, not Alpine: Temporal's core, ONNX Runtime and PyTorch are built against glibc.

FROM node:20-bookworm-slim AS base
# Root certificates for the Temporal core, which does not use Node's.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production NPM_CONFIG_UPDATE_NOTIFIER=false
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev && npm cache clean --force

FROM base AS pages
RUN npm ci --include=dev
COPY domain ./domain
COPY api/web ./api/web
COPY tsconfig.json ./
RUN npx vite build api/web

FROM base AS python
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip && rm -rf /var/lib/apt/lists/*
RUN python3 -m pip install --no-cache-dir --target /opt/uv uv==0.13.9
ENV UV_PROJECT_ENVIRONMENT=/opt/trainer-env UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1
COPY trainer/pyproject.toml trainer/uv.lock trainer/README.md ./trainer/
RUN /opt/uv/bin/uv sync --project trainer --frozen --no-install-project

# What API and workers share: the sources, run by tsx as everywhere else.
FROM base AS app
COPY tsconfig.json ./
COPY domain ./domain
COPY adapters ./adapters
COPY activities ./activities
COPY workflows ./workflows
COPY workers ./workers
COPY api ./api
COPY cli ./cli
# A new named volume takes its owner and its folders from here; Triton wants the folder of models before there is a first one.
RUN mkdir -p /data/models /work && chown -R node:node /data /work
ENV ACTVERSE_DATA_DIR=/data ACTVERSE_WORK_DIR=/work ACTVERSE_LOG_FORMAT=json
USER node

FROM app AS api
COPY --from=pages /app/api/web/dist ./api/web/dist
# Why UV_THREADPOOL_SIZE: scripts/stack.ts.
ENV ACTVERSE_HOST=0.0.0.0 ACTVERSE_PORT=8080 UV_THREADPOOL_SIZE=16
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--import", "tsx", "api/main.ts"]

FROM app AS worker
USER root
RUN apt-get update && apt-get install -y --no-install-recommends ffmpeg fonts-dejavu-core python3 procps && rm -rf /var/lib/apt/lists/*
COPY --from=python /opt/trainer-env /opt/trainer-env
COPY trainer ./trainer
COPY scripts/bundle.ts ./scripts/
RUN node --import tsx scripts/bundle.ts
ENV ACTVERSE_TRAINER_DIR=/app/trainer ACTVERSE_TRAINER_PYTHON=/opt/trainer-env/bin/python YOLO_CONFIG_DIR=/work MPLCONFIGDIR=/work
USER node
CMD ["node", "--import", "tsx", "workers/main.ts"]
