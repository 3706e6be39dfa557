#!/bin/bash
# Lets a streaming replica in: a login that may copy and nothing else, its line in pg_hba.conf, and a slot that keeps what
# it has not had yet. Run once, beside the server, as its superuser, with BOOKROOM_REPLICA_PASSWORD set.
set -euo pipefail
psql -X -q -v ON_ERROR_STOP=1 --dbname postgres <<'SQL'
\getenv password BOOKROOM_REPLICA_PASSWORD
CREATE ROLE bookroom_replica LOGIN REPLICATION PASSWORD :'password';
SELECT pg_create_physical_replication_slot('bookroom_replica');
SQL
echo "host replication bookroom_replica all scram-sha-256" >> "$PGDATA/pg_hba.conf"
psql -X -q -v ON_ERROR_STOP=1 --dbname postgres -c "SELECT pg_reload_conf()"
