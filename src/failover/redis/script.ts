/**
 * How a Redis instance starts in its role. The configuration goes to a file, not to the command line, where everybody
 * could read the password. A standby announces itself by its name, so that the primary's list of its standbys can be
 * read without knowing who listens where. Appending to a file makes a restart in place keep the data: an empty
 * primary would be copied by its standbys.
 */
export const REDIS_SCRIPT = `set -eu
umask 077
conf="$HOLDFAST_INSTANCE_DIR/redis.conf"
{
  echo "port $PORT"
  echo "bind $HOST"
  echo "dir $HOLDFAST_INSTANCE_DIR"
  echo "appendonly yes"
  echo "appendfsync everysec"
  echo "repl-diskless-sync yes"
  echo "repl-diskless-sync-delay 0"
  echo "repl-ping-replica-period 1"
  echo "repl-timeout 10"
  echo "replica-announce-ip $HOLDFAST_INSTANCE"
  if [ -n "\${REDIS_PASSWORD-}" ]; then
    echo "requirepass $REDIS_PASSWORD"
    echo "masterauth $REDIS_PASSWORD"
  fi
  if [ "$HOLDFAST_ROLE" = standby ]; then echo "replicaof $HOLDFAST_PRIMARY_HOST $HOLDFAST_PRIMARY_PORT"; fi
} >"$conf.new"
mv "$conf.new" "$conf"
exec "$HOLDFAST_PROGRAM" "$conf" "$@"
`;
