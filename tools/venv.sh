#!/bin/bash
# tools/venv.sh FOLDER: makes a virtual environment with pip, installing Debian's python3-venv where it is missing.
set -eu
venv=$1
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "siprouter needs Python 3.11 or later; '$python' is $("$python" -V 2>&1). Set PYTHON=..." >&2
    exit 1
}
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "Python's venv module is missing: install the package python3-venv and run make again." >&2
        exit 1
    fi
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends python3-venv python3-dev
fi
"$python" -m venv "$venv"
