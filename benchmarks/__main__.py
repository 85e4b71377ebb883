"""``python -m benchmarks``: measure siprouter beside Kamailio. ``… micro``: time its hot functions.
``… page FILE``: write the page with the figures.
"""

from __future__ import annotations

import sys

from benchmarks import micro, page, run

COMMANDS = {"run": run.main, "micro": micro.main, "page": page.main}


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:])
    return run.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
