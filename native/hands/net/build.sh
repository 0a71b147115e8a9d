#!/bin/sh
# Builds the net hand: build.sh OUTPUT [plain|sanitized].
set -eu
native=$(cd "$(dirname "$0")/../.." && pwd -P)
exec sh "$native/compile.sh" "$1" "${2:-plain}" \
  "$native"/hands/net/*.cc "$native"/nft/engine/*.cc "$native/notify/engine/datagram.cc"
