#!/bin/bash
# Style, types, layers and the shape of modules; runs all of them, fails if one fails.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=""

check() {
    local name=$1
    shift
    "$@" || failed="$failed $name"
}

check ruff ruff check .
check shape python tools/check_modules.py
check mypy mypy
check layers lint-imports --no-cache
[ -z "$failed" ] || { echo "lint failed:$failed"; exit 1; }
echo "lint passed"
