#!/bin/sh
# Renders nginx.conf.template for this instance and becomes nginx.
set -eu
dir="$HOLDFAST_INSTANCE_DIR"
mkdir -p "$dir/tmp"
sed -e "s|@PORT@|$PORT|g" -e "s|@API@|$API_ADDR|g" -e "s|@DIR@|$dir|g" -e "s|@ROOT@|$(pwd)/public|g" \
  nginx.conf.template >"$dir/nginx.conf"
exec nginx -p "$dir" -e stderr -c "$dir/nginx.conf" -g 'daemon off;'
