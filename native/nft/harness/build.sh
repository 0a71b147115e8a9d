#!/bin/sh
# Builds the harness with AddressSanitizer and UBSan: build.sh OUTPUT. Needs g++ alone.
set -eu
output=$1
engine=$(cd "$(dirname "$0")/../engine" && pwd -P)
objects=$engine/../../../build/harness
mkdir -p "$objects"
flags='-std=c++20 -O1 -g -Wall -Wextra -Werror -pthread -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
newest=$(find "$engine" "$(dirname "$0")" -name '*.h' -newer "$objects/.headers" 2>/dev/null | head -n 1)
[ -f "$objects/.headers" ] && [ -z "$newest" ] || { rm -f "$objects"/*.o; touch "$objects/.headers"; }
set -- "$engine"/*.cc "$(dirname "$0")/main.cc"
for source; do
  object=$objects/$(basename "$source" .cc).o
  [ ! -f "$object" ] || [ "$source" -nt "$object" ] || continue
  printf '%s\n%s\n' "$source" "$object"
done | xargs -r -n 2 -P 2 sh -c "g++ $flags -c \"\$0\" -o \"\$1\""
# shellcheck disable=SC2086
g++ $flags -o "$output" "$objects"/*.o
