"""The names of the database's three roles; apart from the tables, which a running bot has no need to describe to itself."""

OWNER, APPLICATION, WORKER = "bookroom_owner", "bookroom_app", "bookroom_worker"
