#!/bin/sh
# Builds the harness with AddressSanitizer and UBSan: build.sh OUTPUT.
set -eu
native=$(cd "$(dirname "$0")/../.." && pwd -P)
exec sh "$native/compile.sh" "$1" sanitized "$native"/windows/engine/*.cc "$native/windows/harness/main.cc"
