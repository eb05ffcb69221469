ARG PYTHON=3.13

# Builds a virtual environment from the locks, every file checked by its hash. Stays behind.
FROM python:${PYTHON}-slim AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv --without-pip /opt/helpr
# The libraries change seldom: in a layer of their own, before the code.
COPY requirements-build.lock requirements.lock ./
RUN /opt/build/bin/pip install --require-hashes --no-deps -r requirements-build.lock \
    && /opt/build/bin/pip --python /opt/helpr/bin/python install --require-hashes --no-deps -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
COPY db db
COPY sandbox sandbox
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation -w /dist . \
    && /opt/build/bin/pip --python /opt/helpr/bin/python install --no-deps /dist/*.whl

FROM python:${PYTHON}-slim
LABEL org.opencontainers.image.title="Helpr" \
      org.opencontainers.image.description="The Discord-native front door to a Plex server" \
      org.opencontainers.image.licenses="MIT"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin helpr \
    && install -d -o helpr -g helpr -m 0700 /data
COPY --from=builder /opt/helpr /opt/helpr
ENV PATH=/opt/helpr/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HELPR_DATA_DIR=/data \
    HELPR_HTTP__HOST=0.0.0.0
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as web; web.urlopen('http://127.0.0.1:%s/healthz' % (os.environ.get('HELPR_HTTP__PORT') or 8080), timeout=4)"]
ENTRYPOINT ["helpr"]
CMD ["run"]
