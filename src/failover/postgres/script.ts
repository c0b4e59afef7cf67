/**
 * How a PostgreSQL instance starts in its role, as a shell script that ends by becoming the server: so the work of
 * minutes (a base backup) belongs to the instance's own process group, is in its log, runs as its user, and goes on
 * when Holdfast is killed.
 *
 * primary  the database of this directory, created when there is none and the token is the first one ever. An empty
 *          database under a later token would be a loss of everything, so that is refused.
 * standby  what is here follows the primary. What has been a primary itself is brought back to the new one's history
 *          (pg_rewind), or thrown away and copied anew when that is not possible. A rewind that was interrupted
 *          leaves nothing that could be trusted: the mark beside it says so.
 */
export const POSTGRES_SCRIPT = `set -eu
umask 077
data="$HOLDFAST_INSTANCE_DIR/pgdata"
user="\${POSTGRES_USER:-postgres}"
export PGPASSWORD="\${POSTGRES_PASSWORD-}"
say() { echo "holdfast: $*"; }
version=""
[ ! -s "$data/PG_VERSION" ] || version=$(cat "$data/PG_VERSION")
case "$HOLDFAST_PROGRAM" in
*/*) bin=$(dirname "$HOLDFAST_PROGRAM") ;;
*) bin=$(ls -d /usr/lib/postgresql/"\${version:-[0-9]*}"/bin /usr/pgsql-"\${version:-[0-9]*}"/bin 2>/dev/null | sort -V | tail -n 1) ;;
esac
[ -z "$bin" ] || PATH="$bin:$PATH"
command -v postgres >/dev/null || { say "no postgres program was found"; exit 127; }
# Never inherited by what this one becomes: whom it follows, and whose word it waits for.
plain() {
  touch "$data/postgresql.auto.conf"
  grep -v -E '^(primary_conninfo|synchronous_standby_names)' "$data/postgresql.auto.conf" >"$data/auto.new" || true
  mv "$data/auto.new" "$data/postgresql.auto.conf"
}
create() {
  say "creating a database in $data"
  rm -rf "$data.new"
  printf '%s\\n' "$PGPASSWORD" >"$HOLDFAST_INSTANCE_DIR/password"
  auth=scram-sha-256
  [ -n "$PGPASSWORD" ] || auth=trust
  set -- -D "$data.new" -U "$user" -E UTF8 --locale=C.UTF-8 -k -A "$auth"
  [ -z "$PGPASSWORD" ] || set -- "$@" --pwfile="$HOLDFAST_INSTANCE_DIR/password"
  initdb "$@" >/dev/null
  # In the file, not on the command line: a rewind starts the server by itself, and must not throw old log away.
  echo "wal_keep_size = 512MB" >>"$data.new/postgresql.conf"
  rm -f "$HOLDFAST_INSTANCE_DIR/password"
  if [ -n "\${POSTGRES_DB-}" ] && [ "$POSTGRES_DB" != postgres ]; then
    printf 'CREATE DATABASE "%s"\\n' "$POSTGRES_DB" | postgres --single -D "$data.new" postgres >/dev/null
  fi
  sync
  mv "$data.new" "$data"
}
copy() {
  say "copying the database of $HOLDFAST_PRIMARY"
  rm -rf "$data" "$data.new"
  pg_basebackup -D "$data.new" -h "$HOLDFAST_PRIMARY_HOST" -p "$HOLDFAST_PRIMARY_PORT" -U "$user" -X stream -c fast
  mv "$data.new" "$data"
  rm -f "$data.dirty"
}
rewind() {
  say "bringing this database back to the history of $HOLDFAST_PRIMARY"
  touch "$data.dirty"
  # Before its first checkpoint a new primary does not show its new history.
  psql -h "$HOLDFAST_PRIMARY_HOST" -p "$HOLDFAST_PRIMARY_PORT" -U "$user" -d postgres -qc CHECKPOINT &&
  pg_rewind -D "$data" --source-server="host=$HOLDFAST_PRIMARY_HOST port=$HOLDFAST_PRIMARY_PORT user=$user dbname=postgres" &&
  rm -f "$data.dirty"
}
if [ "$HOLDFAST_ROLE" = primary ]; then
  if [ -z "$version" ]; then
    [ "$HOLDFAST_TOKEN" = 1 ] || { say "there is no database in $data that could lead under token $HOLDFAST_TOKEN"; exit 78; }
    create
  fi
  [ ! -e "$data.dirty" ] || { say "$data was left half rewound and cannot lead"; exit 78; }
  rm -f "$data/standby.signal"
else
  if [ -z "$version" ] || [ -e "$data.dirty" ]; then copy
  elif [ ! -e "$data/standby.signal" ]; then rewind || copy
  fi
  plain
  printf "primary_conninfo = 'host=%s port=%s user=%s application_name=%s connect_timeout=2'\\n" \\
    "$HOLDFAST_PRIMARY_HOST" "$HOLDFAST_PRIMARY_PORT" "$user" "$HOLDFAST_INSTANCE" >>"$data/postgresql.auto.conf"
  touch "$data/standby.signal"
fi
exec postgres -D "$data" -p "$PORT" -c listen_addresses="$HOST" -c unix_socket_directories= \\
  -c hot_standby=on -c wal_level=replica -c max_wal_senders=10 -c wal_retrieve_retry_interval=500ms \\
  -c wal_receiver_status_interval=1s -c cluster_name="$HOLDFAST_INSTANCE" "$@"
`;
