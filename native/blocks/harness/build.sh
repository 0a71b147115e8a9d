#!/bin/sh
# Builds the harness with AddressSanitizer and UBSan: build.sh OUTPUT.
set -eu
native=$(cd "$(dirname "$0")/../.." && pwd -P)
exec sh "$native/compile.sh" "$1" sanitized "$native"/blocks/engine/*.cc "$native/blocks/harness/main.cc"
