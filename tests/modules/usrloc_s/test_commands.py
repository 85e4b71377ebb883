"""RPC commands."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from siprouter.modules.usrloc.domain import INSERT
from siprouter.modules.usrloc_s.contact import of_ser
from siprouter.modules.usrloc_s.state import SerUsrloc
from siprouter.rpc.call import call_rpc
from siprouter.rpc.values import RpcError
from tests.modules.usrloc_s.conftest import NOW, Load, contact
from tests.support.fakes import FakeWorker


def run(worker: FakeWorker, name: str, *params: Any) -> Any:
    return asyncio.run(call_rpc(worker, name, list(params))).result


def put(inst: SerUsrloc, uid: str, *contacts: Any) -> None:
    inst.domain("location").store(uid, contacts, [(INSERT, one) for one in contacts])


def test_add_show_and_delete(worker: FakeWorker, load: Load) -> None:
    inst = load()
    inst.domain("location")
    run(worker, "usrloc.add_contact", "location", "bob", "sip:a@h", 60, 0.5, 1)
    run(worker, "usrloc.add_contact", "location", "bob", "sip:b@h", 0, 0.9, 128, 5)
    shown = run(worker, "usrloc.show_contacts", "location", "bob")
    assert [dict(one) for one in shown] == [
        {"contact": "sip:b@h", "q": 0.9, "expires": 0, "ua": "SER-RPC", "recv": ""},
        {"contact": "sip:a@h", "q": 0.5, "expires": 60, "ua": "SER-RPC", "recv": ""},
    ]
    stored = of_ser(inst.domain("location").get("bob"))
    assert [(one.flags, one.cflags, one.server_id) for one in stored] == [(128, 0, 5), (1, 1, 0)]
    run(worker, "usrloc.add_contact", "location", "bob", "sip:a@h", 90, 0.5, 0)
    assert of_ser(inst.domain("location").get("bob"))[1].flags == 1
    assert dict(run(worker, "usrloc.stats")[0]) == {"domain": "location", "users": 1, "expired": 0}
    run(worker, "usrloc.delete_contact", "location", "bob", "sip:a@h")
    assert [one.uri for one in inst.domain("location").get("bob")] == ["sip:b@h"]
    run(worker, "usrloc.delete_uid", "location", "bob")
    run(worker, "usrloc.delete_uid", "location", "bob")
    assert inst.domain("location").get("bob") == ()


@pytest.mark.parametrize(
    "name,params,code,text",
    [
        ("delete_uid", ["no", "bob"], 400, "Table Not Found"),
        ("delete_contact", ["no", "bob", "sip:a@h"], 404, "Table Not Found"),
        ("delete_contact", ["location", "carl", "sip:a@h"], 404, "AOR Not Found"),
        ("delete_contact", ["location", "bob", "sip:x@h"], 404, "Contact Not Found"),
        ("show_contacts", ["no", "bob"], 400, "Table Not Found"),
        ("show_contacts", ["location", "carl"], 404, "AOR Not Found"),
        ("show_contacts", ["location", "old"], 404, "No Registered Contacts Found"),
        ("add_contact", ["no", "bob", "sip:a@h", 60, 1.0, 0], 400, "Table Not Found"),
        ("add_contact", ["location", "bob", "sip:a@h", 0, 1.0, 0], 500, "Error while adding Contact"),
        ("add_contact", ["location", "bob", "sip:a@h", 60, 1.5, 0], 400, "Bad Contact"),
        ("add_contact", ["location", "bob", "sip:a@h", -1, 1.0, 0], 400, "Bad Contact"),
        ("add_contact", ["location", "", "sip:a@h", 60, 1.0, 0], 400, "Bad Contact"),
        ("dump_file", ["/"], 500, "failed to write file /"),
    ],
)
def test_faults(worker: FakeWorker, load: Load, name: str, params: list[Any], code: int, text: str) -> None:
    inst = load()
    put(inst, "bob", contact("sip:a@h"))
    put(inst, "old", contact("sip:o@h", NOW - 1))
    with pytest.raises(RpcError) as caught:
        run(worker, f"usrloc.{name}", *params)
    assert caught.value.code == code
    assert text in caught.value.message


def test_flush_counts_what_expired(worker: FakeWorker, load: Load) -> None:
    inst = load()
    put(inst, "bob", contact("sip:a@h", NOW + 10), contact("sip:b@h", 0, flags=128))
    worker.wall_time += 11
    run(worker, "usrloc.flush")
    assert [one.uri for one in inst.domain("location").get("bob")] == ["sip:b@h"]
    assert dict(run(worker, "usrloc.stats")[0])["expired"] == 1


def test_dump(worker: FakeWorker, load: Load) -> None:
    inst = load()
    put(inst, "bob", contact("sip:a@h", received="sip:192.0.2.1:9"))
    table = run(worker, "usrloc.dump")
    assert (table["domain"], table["size"]) == ("location", 16384)
    user = table["users"]["user"]
    assert user["uid"] == "bob"
    assert user["contacts"]["contact"]["recv"] == "sip:192.0.2.1:9"


def test_dump_file(worker: FakeWorker, load: Load, tmp_path: Path) -> None:
    inst = load()
    put(inst, "bob", contact("sip:a@h", instance="i1"), contact("sip:b@h", 0, flags=128, q=500))
    path = tmp_path / "dump"
    path.write_text("x" * 10000)
    run(worker, "usrloc.dump_file", str(path))
    text = path.read_text()
    assert text.startswith("===Domain list===\n---Domain---\nname : 'location'\nsize : 16384\n...Record...\n")
    assert text.endswith(".../Record...\n---/Domain---\n===/Domain list===\n")
    assert "Contact   : 'sip:a@h'\nExpires   : 3600\n" in text
    assert "Expires   : Permanent\nq         : 0.5\n" in text
    assert "instance  : 'i1'\n" in text


def test_dump_file_to_a_pipe_is_refused(worker: FakeWorker, load: Load, tmp_path: Path) -> None:
    load()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RpcError):
        run(worker, "usrloc.dump_file", str(tmp_path / "pipe"))
