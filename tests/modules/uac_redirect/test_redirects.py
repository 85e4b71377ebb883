"""Contacts of redirections become branches: which, in what order, how many, and what is accounted."""

import re
from pathlib import Path

import pytest

import siprouter.modules.uac_redirect
from siprouter.testing import LoadError, Node
from siprouter.testing.messages import reply_to

HEAD = """
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "acc.so"
loadmodule "uac_redirect.so"
modparam("acc", "log_level", 2)
modparam("acc", "log_extra", "uri=$ru")
%s
route {
    t_on_failure("redirect");
    $du = "sip:10.0.0.1:5060";
    t_relay();
}
failure_route[redirect] {
    %s;
    $avp(s:rc) = $rc;
    if ($rc > 0) {
        t_on_failure("redirect");
        t_relay();
    } else {
        t_reply("480", "code $avp(s:rc)");
    }
}
"""
RU = "sip:bob@127.0.0.1"


class Caller:
    """One INVITE that is redirected."""

    def __init__(self, node):
        self.node = node
        self.answered = 0
        node.receive(node.request("INVITE", RU))
        node.settle()

    def invites(self):
        found = {}
        for sent in self.node.sent:
            if sent.method == "INVITE" and not sent.status:
                found.setdefault(sent.header("Via"), sent)
        return list(found.values())

    def answer(self, status, *contacts):
        """Answer the oldest INVITE that has no answer; the URIs of those that are sent then."""
        before = self.invites()
        sent = before[self.answered]
        self.answered += 1
        headers = {"Contact": ", ".join(contacts)} if contacts else None
        self.node.receive(reply_to(sent.message, status, headers=headers), sent.address.removeprefix("udp:"))
        self.node.settle()
        return [invite.uri for invite in self.invites()[len(before) :]]

    def finish(self):
        while self.answered < len(self.invites()):
            self.answer(404)
        self.node.advance(40)


@pytest.fixture
def caller():
    opened = []

    def start(call='get_redirects("*")', params=""):
        node = Node(HEAD % (params, call), names={"x.example.com": "10.0.0.9"})
        opened.append(Caller(node))
        return opened[-1]

    yield start
    for one in opened:
        one.finish()
        one.node.close()


def contact(number, q=""):
    return f"<sip:c{number}@10.0.1.{number}>" + (f";q={q}" if q else "")


def uris(*numbers):
    return [f"sip:c{number}@10.0.1.{number}" for number in numbers]


def test_all_contacts_are_tried_at_once(caller):
    one = caller()
    assert sorted(one.answer(302, contact(1), contact(2, "0.3"), contact(3, "1"))) == uris(1, 2, 3)


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("1", [3]),
        ("2", [3, 2]),
        ("*:1", [3]),
        ("3:2", [3, 2]),
        ("0:3", [3, 2, 4]),
        ("*", [3, 2, 4, 1]),
        ("255:255", [3, 2, 4, 1]),
    ],
)
def test_limits_take_the_greatest_q_first(caller, limits, expected):
    one = caller(f'get_redirects("{limits}")')
    assert one.answer(302, contact(1), contact(2, "0.8"), contact(3, "1.0"), contact(4, "0.8")) == uris(*expected)


def test_several_branches_share_the_limit(caller):
    one = caller('get_redirects("3:2")')
    assert sorted(one.answer(302, contact(1), contact(2))) == uris(1, 2)
    assert one.answer(302, contact(3), contact(4), contact(5)) == []
    assert sorted(one.answer(301, contact(6), contact(7))) == uris(3, 4, 6)


def test_what_was_tried_is_not_tried_again(caller):
    one = caller()
    assert one.answer(302, contact(1), contact(1)) == uris(1)
    assert one.answer(302, contact(1), f"<{RU}>") == []
    assert one.node.last.message.reason == "code -1"


@pytest.mark.parametrize(
    "contacts",
    [
        (),
        ("*",),
        ("<mailto:bob@example.com>",),
        ("<tel:+123>",),
        ("<sip:c1@10.0.1.1>;q=7",),
        ("<sip:c1@10.0.1.1:99999>",),
        ("<<",),
    ],
)
def test_nothing_to_take(caller, contacts):
    one = caller()
    assert one.answer(302, *contacts) == []
    assert one.node.last.message.reason == "code -1"


def test_other_failures_are_no_redirections(caller):
    one = caller()
    assert one.answer(486, contact(1)) == []
    assert one.node.last.message.reason == "code -1"


def test_more_than_there_can_be(caller):
    one = caller()
    found = one.answer(302, *(contact(number) for number in range(1, 31)))
    assert found == uris(*range(1, 12))
    assert any("more redirections than branches" in error for error in one.node.errors)


FILTERS = [
    ('modparam("uac_redirect", "deny_filter", "@10\\\\.0\\\\.1\\\\.[12]")', "", [3, 4]),
    ('modparam("uac_redirect", "default_filter", "deny")', "", []),
    (
        'modparam("uac_redirect", "default_filter", "DENY")\nmodparam("uac_redirect", "accept_filter", "C[14]@")',
        "",
        [1, 4],
    ),
    (
        'modparam("uac_redirect", "deny_filter", "sip:")\nmodparam("uac_redirect", "accept_filter", "c2@")',
        "",
        [2],
    ),
    ("", 'set_deny_filter("c1@", "");', [2, 3, 4]),
    ("", 'set_deny_filter("c1@", ""); set_deny_filter("c2@", "");', [3, 4]),
    ("", 'set_deny_filter("c1@", ""); set_deny_filter("c2@", "reset_added");', [1, 3, 4]),
    ('modparam("uac_redirect", "deny_filter", "c3@")', 'set_deny_filter("c2@", "reset_default");', [1, 3, 4]),
    (
        'modparam("uac_redirect", "deny_filter", "c3@")',
        'set_deny_filter("c1@", ""); set_deny_filter("c2@", "RESET_ALL");',
        [1, 3, 4],
    ),
    ('modparam("uac_redirect", "deny_filter", "sip")', 'set_accept_filter("c[23]@", "");', [2, 3]),
    ('modparam("uac_redirect", "deny_filter", "sip")', 'set_deny_filter("", "reset_all");', [1, 2, 3, 4]),
]


@pytest.mark.parametrize(("params", "calls", "expected"), FILTERS)
def test_filters(caller, params, calls, expected):
    one = caller(f'{calls} get_redirects("*")', params)
    assert one.answer(302, *(contact(number) for number in (1, 2, 3, 4))) == uris(*expected)


def test_filters_of_a_message_end_with_it(caller):
    one = caller('if ($avp(s:seen) != 1) { set_deny_filter("c1", ""); $avp(s:seen) = 1; } get_redirects("*")')
    assert one.answer(302, contact(1), contact(2)) == uris(2)
    assert one.answer(302, contact(1), contact(3)) == uris(1, 3)


def test_five_filters_at_most(caller):
    calls = "".join(f'set_deny_filter("c{number}@", "");' for number in range(1, 6))
    one = caller(f'{calls} if (!set_deny_filter("c6@", "")) get_redirects("*")')
    assert one.answer(302, *(contact(number) for number in range(1, 8))) == uris(6, 7)
    assert any("more than 6 filters" in error for error in one.node.errors)


def test_branch_flags(caller):
    one = caller('get_redirects("*")', 'modparam("uac_redirect", "bflags", 6)')
    one.answer(302, contact(1, "0.4"))
    message = one.invites()[0].message
    transaction = one.node.worker.module("tm").table.find_call(message.call_id, str(message.cseq.number))
    assert [branch.info.flags for branch in transaction.branches] == [0, 6]


def test_accounting(caller):
    one = caller('get_redirects("*", "moved")')
    one.answer(302, contact(1), contact(2, "0.5"))
    found = [record.text for record in one.node.records if "reason=moved" in record.text]
    assert [re.search("uri=([^;]*)", text)[1] for text in found] == uris(2, 1)
    assert one.invites()[0].uri == RU


def test_accounting_to_a_database_needs_one(caller):
    one = caller('get_redirects("*", "")', 'modparam("uac_redirect", "acc_function", "acc_db_request")')
    assert one.answer(302, contact(1)) == uris(1)
    assert any("db_url is not set" in error for error in one.node.errors)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('failure_route[f] { get_redirects("x"); }', "argument 'max'"),
        ('failure_route[f] { get_redirects("256"); }', "argument 'max'"),
        ('failure_route[f] { get_redirects("1:-1"); }', "argument 'max'"),
        ('failure_route[f] { set_deny_filter("(", ""); }', "bad regular expression"),
        ('failure_route[f] { set_deny_filter("a", "reset"); }', "argument 'flags'"),
        ('failure_route[f] { get_redirects("1", "x"); }', "needs the function 'acc_log_request' of acc"),
        ('route[f] { get_redirects("1"); }', "not allowed in"),
        ('modparam("uac_redirect", "default_filter", "maybe")', 'must be "accept" or "deny"'),
        ('modparam("uac_redirect", "deny_filter", "(")', "bad regular expression"),
        ('modparam("uac_redirect", "acc_function", "xlog")', "acc_function must be one of"),
        ('modparam("uac_redirect", "bflags", -1)', "bflags must be"),
    ],
)
def test_errors_at_load(lines, message):
    with pytest.raises(LoadError, match=re.escape(message)):
        Node(f'loadmodule "tm.so"\nloadmodule "uac_redirect.so"\n{lines}\nroute {{}}')


def test_example_of_the_readme():
    readme = Path(siprouter.modules.uac_redirect.__file__).with_name("README.md").read_text()
    [text] = re.findall(r"^```\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    with Node(text, aliases=["example.org"]) as node:
        node.receive(
            node.request("REGISTER", "sip:example.org", to="sip:bob@example.org", contact="<sip:bob@10.0.0.5:5060>")
        )
        assert node.last.status == 200
        node.receive(node.request("INVITE", "sip:bob@example.org"))
        node.settle()
        [first] = [sent for sent in node.sent if sent.method == "INVITE" and not sent.status]
        contacts = "<sip:a@10.0.0.7>;q=0.5, <sip:b@premium.example.com>;q=1, <sip:c@10.0.0.8>, <sip:d@10.0.0.9>;q=0.9"
        node.receive(reply_to(first.message, 302, headers={"Contact": contacts}), "10.0.0.5:5060")
        node.settle()
        invites = [sent for sent in node.sent if sent.method == "INVITE" and not sent.status][1:]
        assert [sent.uri for sent in invites] == ["sip:d@10.0.0.9", "sip:a@10.0.0.7"]
        assert len([record for record in node.records if "reason=redirect" in record.text]) == 2
        for sent in invites:
            node.receive(reply_to(sent.message, 404), sent.address.removeprefix("udp:"))
        node.settle()
        assert node.last.status == 302  # the best that there was
        node.advance(40)
