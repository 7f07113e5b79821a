# Pubserve's images, one target each:
#   docker build --target cpu -t pubserve:0.1.0-cpu .
#   docker build --target gpu -t pubserve:0.1.0-gpu .
#   docker build --target loadtest -t pubserve:0.1.0-loadtest .
#
# Weights are not in them: they come on a volume, or at the first start. To have them inside, name them:
#   docker build --target cpu --build-arg MODELS="cancer-classifier disease-tagger smollm2-135m-instruct disease-vocabularies" .
#
# The base is an argument; it has to be Debian 12, whose Python is 3.11.
ARG BASE=docker.io/library/debian:bookworm-20250520-slim

FROM ${BASE} AS python
ENV PYTHONUNBUFFERED=1 LANG=C.UTF-8
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3.11 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app

FROM python AS tools
RUN apt-get update && apt-get install --yes --no-install-recommends python3.11-venv
RUN python3.11 -m venv /sbom && /sbom/bin/pip install --quiet cyclonedx-bom==7.5.0 \
    && ln -s /sbom/bin/cyclonedx-py /usr/local/bin/

# ---- What a profile installs, exactly as `make serve` does.
FROM tools AS sources
COPY pyproject.toml README.md ./
COPY client client
COPY requirements requirements
COPY tools tools

FROM sources AS service-cpu
# Headers and static libraries are for compilers, and there is none in the last stage.
RUN python3.11 tools/bootstrap.py cpu && sh tools/finish_image.sh \
    && rm -rf .venv/lib/python3.11/site-packages/torch/include \
    && find .venv -name '*.a' -delete
COPY serve serve
COPY models models

FROM sources AS service-gpu
RUN python3.11 tools/bootstrap.py gpu && sh tools/finish_image.sh
COPY serve serve
COPY models models

FROM sources AS load
RUN python3.11 -m venv .venv \
    && .venv/bin/pip install --quiet --constraint requirements/dev.lock \
        httpx jinja2 locust matplotlib psutil pydantic pyyaml rich typer \
    && sh tools/finish_image.sh
COPY training training
COPY loadtest loadtest

# ---- Weights, if any were asked for.
FROM service-cpu AS weights
ARG MODELS=""
RUN mkdir /models \
    && if [ -n "${MODELS}" ]; then PUBSERVE_CACHE_DIR=/models .venv/bin/pubserve-models prepare ${MODELS}; fi

# ---- The images.
FROM python AS runtime
RUN groupadd --gid 10001 pubserve \
    && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin pubserve
ENV PATH=/app/.venv/bin:$PATH PUBSERVE_CACHE_DIR=/models RAY_USAGE_STATS_ENABLED=0 VLLM_NO_USAGE_STATS=1
EXPOSE 8000
STOPSIGNAL SIGTERM
# Loading models takes minutes; ready is when they answer.
HEALTHCHECK --interval=15s --timeout=20s --start-period=600s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=15)"]
CMD ["pubserve-serve", "--host", "0.0.0.0"]

FROM runtime AS cpu
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libnuma1 libstdc++6 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=service-cpu /app /app
COPY --from=weights --chown=10001:10001 /models /models
ENV PUBSERVE_PROFILE=cpu
USER 10001:10001

FROM runtime AS gpu
# Triton and torch.compile build kernels when the engine starts: the one image that needs a compiler.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends g++ libnuma1 libstdc++6 python3.11-dev \
    && rm -rf /var/lib/apt/lists/*
COPY --from=service-gpu /app /app
RUN mkdir /models && chown 10001:10001 /models
ENV PUBSERVE_PROFILE=gpu NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 10001:10001

FROM python AS loadtest
RUN groupadd --gid 10001 pubserve \
    && useradd --uid 10001 --gid 10001 --create-home --shell /usr/sbin/nologin pubserve
COPY --from=load /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONPATH=/app:/app/client
USER 10001:10001
HEALTHCHECK NONE
CMD ["python", "-m", "loadtest.load", "--help"]
