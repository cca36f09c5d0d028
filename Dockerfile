# Datapeil as a service. Build: docker build -t datapeil .
# Run:   docker run -p 8000:8000 -v datapeil:/data datapeil
# Everything that must outlive the container is in /data: the database, and datapeil.toml if DATAPEIL_CONFIG names it.
FROM python:3.13-slim

ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

RUN useradd --system --uid 10001 --home-dir /data --create-home datapeil

WORKDIR /app
COPY pyproject.toml constraints.txt ./
COPY config config
COPY catalog catalog
COPY alerts alerts
COPY harvester harvester
RUN pip install --constraint constraints.txt --editable .

USER datapeil
WORKDIR /data
VOLUME /data
EXPOSE 8000

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]

ENTRYPOINT ["python", "-m", "harvester"]
CMD ["serve", "--host", "0.0.0.0"]
