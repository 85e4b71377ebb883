"""The same messages through Debian's Kamailio and siprouter, with the same script, get the same answers."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable
from types import ModuleType

import pytest

from tests.differential import cases_calls, cases_requests
from tests.differential.stage import Stage
from tests.support.routers import Router

Case = Callable[[Stage], None]

pytestmark = [pytest.mark.scenario, pytest.mark.differential]

# Where we answer otherwise, and why; an entry that is no longer needed fails
TWICE = "Kamailio answers a REGISTER that save() refused twice: once by itself, once for the script's sl_reply_error()"
WANTED_DIFFERENCES = {
    "register_with_old_cseq": TWICE,
    "star_without_expires": TWICE,
    "too_many_contacts": TWICE,
    "contact_that_is_no_uri": "Kamailio registers a contact that is no URI; " + TWICE,
    "wrong_requests": "Kamailio is silent on some broken requests that can be answered, and has other reason phrases",
}


def cases(module: ModuleType) -> list[Case]:
    """The public functions of a module that take a stage and nothing else."""
    functions = [function for _, function in inspect.getmembers(module, inspect.isfunction)]
    own = [function for function in functions if function.__module__ == module.__name__]
    return [function for function in own if list(inspect.signature(function).parameters) == ["stage"]]


def play(case: Case, router: Router) -> list[str]:
    stage = Stage(router, case.__name__.replace("_", "-"))
    try:
        case(stage)
        return stage.transcript()
    except AssertionError as error:
        error.add_note(f"with {router.name}; its log:\n{router.tail(15)}")
        raise
    finally:
        stage.close()


@pytest.mark.parametrize("case", cases(cases_calls) + cases(cases_requests), ids=lambda case: case.__name__)
def test_same_answers(case: Case, kamailio: Router, subject: Router) -> None:
    expected, found = play(case, kamailio), play(case, subject)
    reason = WANTED_DIFFERENCES.get(case.__name__)
    if reason is not None and type(subject) is not type(kamailio):
        assert expected != found, f"the excuse for {case.__name__} is not needed any more"
        pytest.xfail(reason)
    if expected != found:
        diff = "\n".join(difflib.unified_diff(expected, found, kamailio.name, "subject", lineterm="", n=4))
        pytest.fail(f"not the same as Kamailio:\n{diff}", pytrace=False)
