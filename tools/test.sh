#!/bin/bash
# The whole test run: lint, then the suite with compiled modules, then again as pure Python (scenarios with real
# peers once only). Every part runs even if an earlier one failed; the last lines are pytest's summary.
set -u
cd "$(dirname "$0")/.." || exit 1
status=0

tools/lint.sh || status=1
if command -v "${CC:-cc}" >/dev/null; then
    echo "== compiled"
    if SIPROUTER_COMPILED=1 python setup.py -q build_ext --inplace; then
        # Scenario tests run one after the other (one group), beside the others.
        SIPROUTER_COMPILED=1 pytest -q -n 2 --dist loadgroup || status=1
    else
        status=1
    fi
    pure_selection="not scenario"
else
    echo "== no C compiler: the compiled run is left out"
    pure_selection=""
fi
echo "== pure Python"
SIPROUTER_PURE=1 pytest -q -n 2 -m "$pure_selection" || status=1
exit $status
