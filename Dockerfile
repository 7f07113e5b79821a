# Pubserve's images, one target each: cpu, gpu, worker, loadtest. With Docker
#   docker build --target cpu -t pubserve:0.1.0-cpu .
# and on a machine without it
#   python -m tools.images build cpu
#
# Weights are not in them: they come on a volume, or at the first start. To have them inside, name them:
#   --build-arg MODELS="cancer-classifier disease-tagger smollm2-135m-instruct disease-names"
#
# Packages come from PyPI, or from where pip is set to look in a file that no layer keeps:
#   --secret id=pip,src=$HOME/.config/pip/pip.conf
#
# The base has to be Debian 12, whose Python is 3.11; add @sha256:… to have it to the byte.
ARG BASE=docker.io/library/debian:bookworm-20250520-slim

FROM ${BASE} AS python
ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libnuma1 libstdc++6 python3.11 \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/* \
    && groupadd --gid 10001 pubserve \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin pubserve \
    && install --directory --owner 10001 --group 10001 /models
WORKDIR /app
# /tmp is the one place that is written to, whoever runs it.
ENV PATH=/app/.venv/bin:$PATH HOME=/tmp

# ---- Packages. Only what they depend on is here, so that a change of code installs nothing again.
FROM python AS build
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    apt-get update && apt-get install --yes --no-install-recommends python3.11-venv \
    && python3.11 -m venv /sbom && /sbom/bin/pip install --quiet cyclonedx-bom==7.5.0 \
    && ln -s /sbom/bin/cyclonedx-py /usr/local/bin/
COPY tools/bootstrap.py tools/finish_image.sh tools/
COPY requirements/*.lock requirements/
COPY pyproject.toml README.md ./
COPY client/pyproject.toml client/README.md client/
COPY client/pubserve/_version.py client/pubserve/
COPY serve/__init__.py serve/

# pip stays where models are prepared: some lie in packages.
FROM build AS packages-cpu
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3.11 tools/bootstrap.py cpu && sh tools/finish_image.sh \
    # There is no compiler in this image.
    && rm -rf .venv/lib/python3.11/site-packages/torch/include && find .venv -name '*.a' -delete

FROM build AS packages-gpu
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3.11 tools/bootstrap.py gpu && sh tools/finish_image.sh

FROM build AS packages-worker
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3.11 tools/bootstrap.py worker && sh tools/finish_image.sh pip

FROM build AS packages-loadtest
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3.11 tools/bootstrap.py loadtest && sh tools/finish_image.sh pip

# ---- Code, compiled: nothing can be written beside it later.
FROM python AS code
COPY pyproject.toml ./
COPY client client
COPY serve serve
COPY bulk bulk
COPY streams streams
COPY training training
COPY loadtest loadtest
RUN python3.11 -m compileall -q --invalidation-mode unchecked-hash .

# ---- The images.
FROM python AS service
COPY models models
ENV PUBSERVE_CACHE_DIR=/models RAY_USAGE_STATS_ENABLED=0 VLLM_NO_USAGE_STATS=1
EXPOSE 8000
# Loading models takes minutes; ready is when they answer.
HEALTHCHECK --interval=15s --timeout=20s --start-period=600s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"PUBSERVE_HTTP__PORT\", 8000)}/readyz', timeout=15)"]
CMD ["pubserve-serve", "--host", "0.0.0.0"]

FROM service AS cpu
ENV PUBSERVE_PROFILE=cpu
USER 10001:10001
COPY --from=packages-cpu /app/.venv .venv
COPY --from=code /app ./
ARG MODELS=""
RUN --mount=type=secret,id=pip,target=/etc/pip.conf,uid=10001 \
    if [ -n "${MODELS}" ]; then pubserve-models prepare ${MODELS}; fi

FROM service AS gpu
# Triton and torch.compile build kernels when the engine starts: the one image that needs a compiler.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ python3.11-dev \
    && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/log/*
ENV PUBSERVE_PROFILE=gpu NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001
COPY --from=packages-gpu /app/.venv .venv
COPY --from=code /app ./

FROM python AS worker
ENV PUBSERVE_WORKER_METRICS_PORT=9100
EXPOSE 9100
USER 10001:10001
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PUBSERVE_WORKER_METRICS_PORT\"]}/metrics', timeout=5)"]
# What it reads and where that goes: PUBSERVE_WORKER_BROKER_URL, _SOURCE and _OUTPUT, or arguments.
CMD ["pubserve", "worker"]
COPY --from=packages-worker /app/.venv .venv
COPY --from=code /app ./

FROM python AS loadtest
ENV MPLCONFIGDIR=/tmp
USER 10001:10001
# It ends by itself.
HEALTHCHECK NONE
CMD ["python", "-m", "loadtest.load", "--help"]
COPY --from=packages-loadtest /app/.venv .venv
COPY --from=code /app ./
