"""Serial forking by q: t_load_contacts() and t_next_contacts()."""

import pytest

from siprouter.core.context import Branch
from siprouter.core.settings import CfgError


class TestContacts:
    def load(self, node, contacts):
        def route(ctx):
            ctx.set_uri("sip:a@198.51.100.1")
            for uri, q in contacts:
                ctx.append_branch(Branch(uri, q))
            node.runs.append(node.call(ctx, "t_load_contacts"))
            node.runs.append(node.call(ctx, "t_next_contacts"))
            node.call(ctx, "t_on_failure", "serial")
            node.call(ctx, "t_relay")
            return 1

        def serial(ctx):
            if node.call(ctx, "t_next_contacts") < 0:
                return 0
            node.call(ctx, "t_on_failure", "serial")
            node.call(ctx, "t_relay")
            return 1

        node.on_request(route)
        node.on_failure("serial", serial)

    def test_serial_forking_by_q(self, make_node):
        node = make_node(contacts_avp="$avp(contacts)")
        contacts = [("sip:b@198.51.100.2", 500), ("sip:c@198.51.100.3", 500), ("sip:d@198.51.100.4", 1000)]
        self.load(node, contacts)
        node.request("OPTIONS")
        tried = []
        for _ in range(4):
            batch = [one for one in node.take() if one.msg.is_request]
            if not batch:
                break
            tried.append(sorted(one.to.ip for one in batch))
            for sent in batch:
                node.answer(sent, 404)
        assert tried == [["198.51.100.4"], ["198.51.100.2", "198.51.100.3"], ["198.51.100.1"]]
        assert node.runs == [1, 1]

    def test_later_steps_have_their_own_time_out_once_it_is_set(self, make_node):
        for setting in (None, 7000):
            node = make_node(contacts_avp="contacts")
            if setting is not None:
                node.worker.cfg.set_now("tm", "fr_inv_timer_next", setting)
            self.load(node, [("sip:b@198.51.100.2", 500), ("sip:c@198.51.100.3", 900)])
            node.request()
            (first,) = (one for one in node.take() if one.msg.is_request)
            node.answer(first, 180)
            node.wait(20)  # the first step keeps fr_inv_timer
            node.answer(first, 404)
            (second,) = (one for one in node.take() if one.msg.is_request and one.msg.method == "INVITE")
            node.answer(second, 180)
            if setting is not None:
                node.take()
                node.wait(setting / 1000 - 0.5)
                assert not any(line.startswith("CANCEL") for line in node.lines())
                node.wait(1)
                assert any(line.startswith("CANCEL") for line in node.lines())
            else:
                node.wait(100)
                assert not any(line.startswith("CANCEL") for line in node.lines())
        with pytest.raises(CfgError):
            node.worker.cfg.set_now("tm", "fr_inv_timer_next", -1)

    def test_equal_q_is_left_alone(self, make_node):
        node = make_node(contacts_avp="contacts")
        self.load(node, [("sip:b@198.51.100.2", -1)])
        node.request("OPTIONS")
        assert node.runs == [1, -2]
        assert len(node.take()) == 2

    def test_all_of_a_contact_survives(self, make_node):
        node = make_node(contacts_avp="contacts")
        socket_of = list(node.worker.listeners)[1]
        seen = []

        def route(ctx):
            ctx.append_branch(Branch("sip:b@x", 700, "sip:h:1", "<sip:p;lr>", socket_of, 3, "<urn:uuid:1>"))
            node.call(ctx, "t_load_contacts")
            node.call(ctx, "t_next_contacts")
            seen.append((ctx.uri, ctx.dst_uri, ctx.path, ctx.force_socket, ctx.branch_flags, ctx.instance))
            return 1

        node.on_request(route)
        node.request("OPTIONS")
        assert seen == [("sip:b@x", "sip:h:1", "<sip:p;lr>", socket_of, 3, "<urn:uuid:1>")]

    def test_disabled_without_the_parameter(self, node):
        codes = []

        def route(ctx):
            codes.extend((node.call(ctx, "t_load_contacts"), node.call(ctx, "t_next_contacts")))
            return 1

        node.on_request(route)
        node.request("OPTIONS")
        assert codes == [-1, -1]
