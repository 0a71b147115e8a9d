#!/bin/sh
# Builds the harness with AddressSanitizer and UBSan: build.sh OUTPUT. Its objects are those of the sanitized net hand.
set -eu
native=$(cd "$(dirname "$0")/../.." && pwd -P)
exec sh "$native/compile.sh" "$1" sanitized "$native"/nft/engine/*.cc "$native/nft/harness/main.cc"
