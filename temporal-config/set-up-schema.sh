#!/bin/sh
# Temporal's two databases on PostgreSQL: made when they are not there, brought up to date when they are. Runs in temporalio/admin-tools.
set -eu
: "${POSTGRES_SEEDS:=postgresql}" "${POSTGRES_USER:=temporal}" "${DB_PORT:=5432}"

set_up() {
  database="$1"
  schema="/etc/temporal/schema/postgresql/v12/$2/versioned"
  tool() { temporal-sql-tool --plugin postgres12 --ep "$POSTGRES_SEEDS" -p "$DB_PORT" -u "$POSTGRES_USER" --db "$database" "$@"; }
  # At a second run both refuse, as they have been done; where anything else was wrong, the update fails.
  tool create || echo "$database was not created: it may be there already"
  tool setup-schema -v 0.0 || echo "$database has a schema already"
  tool update-schema -d "$schema"
}
set_up temporal temporal
set_up temporal_visibility visibility
