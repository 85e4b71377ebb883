"""Parameters, and the attributes kept with contacts."""

from pathlib import Path
from typing import Any

import pytest

from siprouter.core.avp import CLASS_USER, TRACK_TO
from siprouter.modules.usrloc.domain import INSERT
from siprouter.modules.usrloc_s.reg_avps import registration_avps
from tests.modules.usrloc_s.conftest import Load, contact, load_ser
from tests.support.fakes import FakeWorker, call, context

TO_USER = CLASS_USER | TRACK_TO


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"db_mode": 4}, "db_mode must be 0, 1, 2 or 3, found 4"),
        ({"db_mode": 1, "uid_column": "a b"}, "parameter uid_column is no name"),
        ({"db_mode": 1, "reg_avp_column": "a b"}, "parameter reg_avp_column is no name"),
        ({"db_mode": 2, "db_url": ""}, "db_url is empty"),
        ({"db_mode": 3, "db_url": "flatstore:/x"}, "takes new rows only"),
    ],
)
def test_database_parameters_are_checked(worker: FakeWorker, params: dict[str, Any], why: str) -> None:
    load_ser(worker, "usrloc", **params)
    (error,) = worker.configure_modules()
    assert why in str(error)


def test_a_method_column_has_no_effect(worker: FakeWorker, tmp_path: Path) -> None:
    load_ser(worker, "usrloc", db_mode=1, db_url=f"sqlite://{tmp_path}/x", method_column="m")
    assert worker.configure_modules() == []
    assert any("method_column has no effect" in text for text in worker.texts())


def test_bad_interval(worker: FakeWorker) -> None:
    load_ser(worker, "usrloc", timer_interval=0)
    assert "timer_interval" in str(worker.configure_modules()[0])


def test_database_settings_change_nothing(load: Load) -> None:
    inst = load(db_url="mysql://x", uid_column="u", db_skip_delete=1, reg_avp_column="a")
    assert inst.domain("location") is inst.domain("location")


def test_undeclared_attribute_flag_is_told(worker: FakeWorker) -> None:
    inst = load_ser(worker, "usrloc", reg_avp_flag="other")
    assert worker.configure_modules() == []
    assert inst.reg_flag == 0
    assert any("reg_avp_flag other is not declared" in text for text in worker.texts())


def test_attributes_are_kept_and_come_back(worker: FakeWorker, load: Load) -> None:
    inst = load(reg_avp_flag="RegAvps")
    saving = context(worker)
    for value in ("old", "new"):
        saving.avps.add("class", value, TO_USER)
    saving.avps.add("other", "x", TO_USER)
    saving.avps.flags[TO_USER, "class"] = 4
    kept = registration_avps(inst, saving)
    assert kept == ((TO_USER, "class", "old", 4), (TO_USER, "class", "new", 4))
    one = contact("sip:a@h", avps=kept)
    inst.domain("location").store("bob", (one,), [(INSERT, one)])

    ctx = context(worker)
    ctx.set_uri("sip:a@h")
    ctx.avps.add("class", "mine", TO_USER)
    assert call(ctx, "read_reg_avps", "location", "bob") == 1
    assert ctx.avps.all("class", TO_USER) == ["new", "old"]
    assert ctx.avps.flags[TO_USER, "class"] == 4
    ctx.set_uri("sip:b@h")
    assert call(ctx, "read_reg_avps", "location", "bob") == -1
    assert call(ctx, "read_reg_avps", "location", "$t.nobody") == -1


def test_user_in_an_attribute(worker: FakeWorker, load: Load) -> None:
    inst = load(reg_avp_flag="regavps")
    one = contact("sip:a@h", avps=((TO_USER, "class", 3, 4),))
    inst.domain("location").store("bob", (one,), [(INSERT, one)])
    ctx = context(worker)
    ctx.set_uri("sip:a@h")
    ctx.avps.add("uid", "older", TO_USER)
    ctx.avps.add("uid", "bob", TO_USER)
    assert call(ctx, "read_reg_avps", "location", "$tu.uid") == 1
    assert ctx.avps.get("class", 0, TO_USER) == 3


def test_without_the_flag_nothing_is_looked_for(worker: FakeWorker, load: Load) -> None:
    inst = load()
    ctx = context(worker)
    ctx.avps.add("class", "x", TO_USER)
    ctx.avps.flags[TO_USER, "class"] = 0xFF
    assert registration_avps(inst, ctx) == ()
    assert call(ctx, "read_reg_avps", "location", "nobody") == 1
