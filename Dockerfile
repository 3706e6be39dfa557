# The bot alone: no database, no stand-in for Slack. Build it at the checkout's root.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --require-hashes --only-binary :all: -r requirements.txt

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib HOST=0.0.0.0 PORT=3000 BOOKROOM_DATA=/data
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin bookroom \
    && install -d -o bookroom -g bookroom /data
COPY --from=build /venv /venv
WORKDIR /app
COPY core core
COPY migrations migrations
COPY handlers handlers
COPY bot bot
RUN python -m compileall -q .
USER bookroom
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "bot"]
CMD ["serve"]
