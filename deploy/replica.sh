#!/bin/bash
# A streaming replica of $PRIMARY_HOST: copied at the first start, and followed ever after. PGPASSWORD is bookroom_replica's.
set -euo pipefail
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # Beside its place first, so that half a copy is never taken for one.
  rm -rf "$PGDATA.unfinished"
  pg_basebackup --host "$PRIMARY_HOST" --port "${PRIMARY_PORT:-5432}" --username bookroom_replica --no-password \
    --pgdata "$PGDATA.unfinished" --checkpoint fast --wal-method stream --slot bookroom_replica --write-recovery-conf
  chmod 700 "$PGDATA.unfinished"
  rm -rf "$PGDATA"
  mv "$PGDATA.unfinished" "$PGDATA"
fi
exec docker-entrypoint.sh postgres "$@"
