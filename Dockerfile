# The service for wherever containers run; on AWS it runs on an image of its own (docs/docker.md, docs/infrastructure.md).
#
#     docker build --tag files-api .
#
# Packages come from wherever pip and uv are told to look: hand over your own settings and certificates as secrets, which stay out
# of every layer (--secret id=pip.conf,src=…, id=uv.toml, id=certificates).
#
# The base is pinned by its name. Its digest was not known where this was written; dependabot.yml has it renewed.

# --- What builds: uv, and the wheel's own builder, as requirements/dev.txt locks them.
FROM python:3.13-slim-trixie AS build
WORKDIR /src
# The system's certificates, which one may replace for a build, and not uv's own. Bytecode is made now, since later nothing can be
# written.
ENV UV_SYSTEM_CERTS=true \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_NO_PROGRESS=1
COPY requirements/dev.txt requirements/
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf \
    --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    python3 -m venv /opt/build \
    && awk '/^[a-z]/ { wanted = /^(uv|hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } wanted' \
        requirements/dev.txt > requirements/build.txt \
    && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
        --requirement requirements/build.txt
ENV PATH=/opt/build/bin:$PATH

# --- What the service needs, as requirements/service.txt locks it: a layer that changes with the lock alone.
COPY requirements/service.txt requirements/
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    uv venv --no-project --python "$(command -v python3)" /opt/files-api \
    && uv pip install --python /opt/files-api/bin/python --no-deps --require-hashes --requirement requirements/service.txt

# --- What stands in for AWS and OpenAI, and presses the service: for compose.yaml, never for production.
FROM build AS stand-ins
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=secret,id=uv.toml,target=/etc/uv/uv.toml \
    --mount=type=secret,id=certificates,target=/etc/ssl/certs/ca-certificates.crt \
    sed -n 's/^moto\(==[^ ]*\).*/moto[dynamodb,s3,server]\1/p; s/^\(locust==[^ ]*\).*/\1/p' requirements/dev.txt \
        > requirements/stand-ins.txt \
    && uv pip install --python /opt/files-api/bin/python --no-build --require-hashes \
        --constraint requirements/dev.txt --requirement requirements/stand-ins.txt
COPY service/files_api /src/service/files_api
COPY tests/load/locustfile.py /src/locustfile.py
RUN useradd --uid 10001 --no-create-home --no-log-init files-api
ENV PATH=/opt/files-api/bin:$PATH \
    PYTHONPATH=/src/service \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001

# --- The service itself, as the wheel that is also in the machine image.
FROM build AS wheel
COPY pyproject.toml README.md ./
COPY service service
RUN uv build --quiet --wheel --no-build-isolation --python /opt/build/bin/python --out-dir /dist . \
    && uv pip install --python /opt/files-api/bin/python --no-deps --no-index /dist/*.whl \
    && ln -s "$(/opt/files-api/bin/python -c 'import files_api, pathlib; print(pathlib.Path(files_api.__file__).parent)')/gunicorn.conf.py" \
        /opt/files-api/gunicorn.conf.py \
    # What uv has left to itself; its lock could be written by anybody.
    && rm -f /opt/files-api/.lock /opt/files-api/.gitignore /opt/files-api/bin/activate*

# --- What runs.
FROM python:3.13-slim-trixie AS service
ARG VERSION=unreleased
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="Files API" \
      org.opencontainers.image.description="An HTTP API in front of an S3 bucket, and files made by OpenAI" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
# A number, so that Kubernetes can see that it is not root's.
RUN useradd --uid 10001 --no-create-home --no-log-init --shell /usr/sbin/nologin files-api
COPY --from=wheel /opt/files-api /opt/files-api
# gunicorn's heartbeats go to memory, so that nothing on the disk has to be writable: it runs with a read-only root and no /tmp.
ENV PATH=/opt/files-api/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    FILES_API_HOST=0.0.0.0 \
    FILES_API_COMMIT=${COMMIT} \
    GUNICORN_CMD_ARGS="--worker-tmp-dir /dev/shm"
USER 10001:10001
EXPOSE 8000
# Alive, not ready: what it depends on may be away, and a new container would not help.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ.get(\"PORT\", \"8000\")}/health/live', timeout=4)"]
# gunicorn lets requests end (FILES_API_SHUTDOWN_GRACE_SECONDS); give it that time: docker stop --time 75.
STOPSIGNAL SIGTERM
CMD ["gunicorn", "--config", "/opt/files-api/gunicorn.conf.py"]
