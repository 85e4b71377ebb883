#!/bin/bash
# tools/venv.sh FOLDER: makes a virtual environment with pip. As root on Debian it first installs what is missing for
# that and for compiling (python3-venv, python3-dev).
set -eu
venv=$1
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "siprouter needs Python 3.11 or later; '$python' is $("$python" -V 2>&1). Set PYTHON=..." >&2
    exit 1
}

has_venv() { "$python" -c 'import ensurepip, venv' 2>/dev/null; }
has_headers() { "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))'; }

if { ! has_venv || ! has_headers; } && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get -q update &&
        DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends python3-venv python3-dev; } >&2 ||
        echo "python3-venv and python3-dev could not be installed" >&2
fi
has_venv || {
    echo "Python's venv module is missing: install the package python3-venv and run make again." >&2
    exit 1
}
"$python" -m venv "$venv"
