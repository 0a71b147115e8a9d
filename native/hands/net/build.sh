#!/bin/sh
# Builds the net hand: build.sh OUTPUT [plain|sanitized]. Needs g++ alone. Objects stay in native/hands/build, and only
# what is older than a source is compiled again.
set -eu
output=$1
kind=${2:-plain}
here=$(cd "$(dirname "$0")" && pwd -P)
native=$(cd "$here/../.." && pwd -P)
objects=$native/hands/build/$kind
mkdir -p "$objects"

common='-std=c++20 -Wall -Wextra -Werror -fPIE -pthread'
case $kind in
  plain) flags='-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fvisibility=hidden' ;;
  sanitized) flags='-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' ;;
  *) echo "build.sh: plain or sanitized, not $kind" >&2; exit 2 ;;
esac

# A header may be in any source: where one is newer, all are compiled.
stale=$(find "$native/hands/net" "$native/nft/engine" "$native/notify/engine" \( -name '*.h' -o -name build.sh \) -newer "$objects/.headers" \
  2>/dev/null | head -n 1)
[ -f "$objects/.headers" ] && [ -z "$stale" ] || { rm -f "$objects"/*.o; touch "$objects/.headers"; }
set -- "$native"/hands/net/*.cc "$native"/nft/engine/*.cc "$native/notify/engine/datagram.cc"
object_of() { echo "$objects/$(basename "$(dirname "$(dirname "$1")")")-$(basename "$1" .cc).o"; }
for source; do
  object=$(object_of "$source")
  [ ! -f "$object" ] || [ "$source" -nt "$object" ] || continue
  printf '%s\n%s\n' "$source" "$object"
done | xargs -r -n 2 -P 2 sh -c "g++ $common $flags -c \"\$0\" -o \"\$1\""
mkdir -p "$(dirname "$output")"
# shellcheck disable=SC2046,SC2086
g++ $common $flags -pie -Wl,-z,relro,-z,now,-z,noexecstack -o "$output.new" $(for source; do object_of "$source"; done)
mv "$output.new" "$output"
