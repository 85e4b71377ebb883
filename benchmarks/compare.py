"""``python benchmarks/compare.py A.json B.json``: how the medians changed from A to B.

Where both files have Kamailio (tlsf), figures are first divided by its own, so that a slower machine does not count.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.report import BASES, COUNTS, METRICS, median


def figure(document: dict[str, Any], scenario: str, server: str, metric: str, relative: bool) -> float | None:
    value = median(document["results"], scenario, server, metric)
    if value is None or not relative:
        return value
    base = median(document["results"], scenario, BASES[0], metric)
    return value / base if base else None


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """A line for each figure that both files have."""
    lines = []
    for scenario, servers in after["results"].items():
        for server in servers:
            in_both = all(BASES[0] in file["results"].get(scenario, {}) for file in (before, after))
            relative = server not in BASES and in_both
            for metric, (heading, form, less_is_better) in METRICS.items():
                old = figure(before, scenario, server, metric, relative)
                new = figure(after, scenario, server, metric, relative)
                if metric in COUNTS or not old or new is None:
                    continue
                percent = (new / old - 1) * 100
                word = "same" if abs(percent) < 3 else "better" if (percent < 0) == less_is_better else "worse"
                show = "{:.2f}" if relative else form
                values = f"{show.format(old):>10} -> {show.format(new):>10}"
                unit = f"x {BASES[0]}" if relative else ""
                place = f"{scenario:12} {server:16} {heading:30}"
                lines.append(f"{place} {values}  {percent:+6.1f} %  {word:6} {unit}".rstrip())
    return lines


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    before, after = (json.loads(Path(name).read_text()) for name in sys.argv[1:])
    print("\n".join(changes(before, after)) or "the files have no figure in common")
    return 0


if __name__ == "__main__":
    sys.exit(main())
