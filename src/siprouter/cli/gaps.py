"""`siprouter gaps [--json] [MODULE…]`: what SIP Router 3.1 has and is missing here."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from siprouter.core.inventory.compare import count_by_kind
from siprouter.server.inventory import Report, report_gaps
from siprouter.util.errors import OperatorError


def main(arguments: list[str]) -> int:
    """Prints the gaps; 0 where there are none in what was asked for, 1 where there are some, 2 for a wrong command."""
    parser = argparse.ArgumentParser(
        prog="siprouter gaps", description="Compare what is declared with the names, arities and defaults of 3.1."
    )
    parser.add_argument("--json", action="store_true", help="everything, as JSON")
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help='module names, "core" for the core; all by default'
    )
    options = parser.parse_args(arguments)
    try:
        reports = report_gaps(options.modules)
    except OperatorError as error:
        print(f"siprouter gaps: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps({report.label: _as_json(report) for report in reports}, indent=1))
    else:
        for report in reports:
            _print_report(report, details=bool(options.modules))
        if len(reports) > 1:
            gaps = sum(len(report.gaps) for report in reports)
            print(f"total: {gaps} gaps in {sum(report.names for report in reports)} names")
    return 1 if any(report.gaps for report in reports) else 0


def _as_json(report: Report) -> dict[str, object]:
    return {"declared": report.declared, "names": report.names, "gaps": [asdict(gap) for gap in report.gaps]}


def _print_report(report: Report, details: bool) -> None:
    kinds = ", ".join(f"{kind} {count}" for kind, count in count_by_kind(report.gaps).items())
    if not report.declared:
        print(f"{report.label}: no such module here ({report.names} names)")
    elif report.gaps:
        print(f"{report.label}: {len(report.gaps)} gaps in {report.names} names: {kinds}")
    else:
        print(f"{report.label}: complete ({report.names} names)")
    if details and report.declared:
        for gap in report.gaps:
            print(f"  {gap.kind} {gap.name}: {gap.problem}")
