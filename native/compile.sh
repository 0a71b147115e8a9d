#!/bin/sh
# Compiles C++ sources and links them: compile.sh OUTPUT plain|sanitized SOURCE... Needs g++ alone. Objects stay in
# native/hands/build, one folder a kind for all programs, and only what is older than a source is compiled again.
set -eu
output=$1
kind=$2
shift 2
native=$(cd "$(dirname "$0")" && pwd -P)
objects=$native/hands/build/$kind
mkdir -p "$objects"

common='-std=c++20 -Wall -Wextra -Werror -fPIE -pthread'
case $kind in
  plain) flags='-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fvisibility=hidden' ;;
  # Lines are enough for a report, and types cost as long to write down as to compile.
  sanitized) flags='-O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer' ;;
  *) echo "compile.sh: plain or sanitized, not $kind" >&2; exit 2 ;;
esac

# One at a time: others would take what is half written.
exec 9>"$objects/.lock"
flock 9
# A header may be in any source: where one is newer, all are compiled.
stale=$(find "$native/hands/net" "$native/nft/engine" "$native/notify/engine" "$native/blocks/engine" "$native/lines/engine" "$native/windows/engine" \
  "$native/compile.sh" \
  \( -name '*.h' -o -name compile.sh \) -newer "$objects/.headers" 2>/dev/null | head -n 1)
[ -f "$objects/.headers" ] && [ -z "$stale" ] || { rm -f "$objects"/*.o; touch "$objects/.headers"; }
object_of() { echo "$objects/$(basename "$(dirname "$(dirname "$1")")")-$(basename "$(dirname "$1")")-$(basename "$1" .cc).o"; }
for source; do
  object=$(object_of "$source")
  [ ! -f "$object" ] || [ "$source" -nt "$object" ] || continue
  printf '%s\n%s\n' "$source" "$object"
done | xargs -r -n 2 -P 2 sh -c "g++ $common $flags -c \"\$0\" -o \"\$1.new\" && mv \"\$1.new\" \"\$1\""
mkdir -p "$(dirname "$output")"
# shellcheck disable=SC2046,SC2086
g++ $common $flags -pie -Wl,-z,relro,-z,now,-z,noexecstack -o "$output.new" $(for source; do object_of "$source"; done)
mv "$output.new" "$output"
