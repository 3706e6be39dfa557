-- The three roles and the database, for a PostgreSQL (15 or newer) that has none of them yet. Run once, as a superuser:
--   BOOKROOM_OWNER_PASSWORD=... BOOKROOM_APP_PASSWORD=... BOOKROOM_WORKER_PASSWORD=... psql -f deploy/roles.sql
-- The owner makes and migrates the tables; the bot logs in as the application and the worker, who own nothing, so that
-- row-level security holds for them.
\set ON_ERROR_STOP on
\getenv owner_password BOOKROOM_OWNER_PASSWORD
\getenv app_password BOOKROOM_APP_PASSWORD
\getenv worker_password BOOKROOM_WORKER_PASSWORD

CREATE ROLE bookroom_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE DATABASE bookroom OWNER bookroom_owner;

-- Made by the owner, so that migrations may manage them.
SET ROLE bookroom_owner;
CREATE ROLE bookroom_app LOGIN PASSWORD :'app_password';
CREATE ROLE bookroom_worker LOGIN PASSWORD :'worker_password';
RESET ROLE;

\connect bookroom
SET ROLE bookroom_owner;
CREATE EXTENSION btree_gist;
