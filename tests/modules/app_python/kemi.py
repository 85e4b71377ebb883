# ruff: noqa: PLC0414, UP031
"""A routing script in the shape of KEMI scripts for Kamailio 5.x: registrar, calls, failure route."""

import sys

import KSR as KSR

FLT_ACC = 1
FLB_NATB = 6
EXIT = -255


def mod_init():
    KSR.info("loaded\n")
    return Proxy()


class Proxy:
    def __init__(self):
        self.calls = 0

    def child_init(self, rank):
        KSR.info("worker %d\n" % rank)
        return 0

    def ksr_request_route(self, msg):
        if self.ksr_route_reqinit(msg) == EXIT:
            return 1
        if KSR.is_CANCEL():
            if KSR.tm.t_check_trans() > 0:
                self.ksr_route_relay(msg)
            return 1
        if self.ksr_route_withindlg(msg) == EXIT:
            return 1
        if KSR.tmx.t_precheck_trans() > 0:
            KSR.tm.t_check_trans()
            return 1
        if KSR.tm.t_check_trans() == 0:
            return 1
        if self.ksr_route_auth(msg) == EXIT:
            return 1
        KSR.hdr.remove("Route")
        if KSR.is_method_in("IS"):
            KSR.rr.record_route()
        if KSR.pv.get("$rm") == "INVITE":
            KSR.setflag(FLT_ACC)
        if self.ksr_route_registrar(msg) == EXIT:
            return 1
        if KSR.corex.has_ruri_user() < 0:
            KSR.sl.sl_send_reply(484, "Address Incomplete")
            return 1
        self.ksr_route_location(msg)
        return 1

    def ksr_route_reqinit(self, msg):
        if KSR.hdr.is_present("User-Agent") > 0 and KSR.hdr.get("User-Agent") == "scanner":
            KSR.sl.sl_send_reply(200, "OK")
            return EXIT
        if KSR.maxfwd.process_maxfwd(10) < 0:
            KSR.sl.sl_send_reply(483, "Too Many Hops")
            return EXIT
        if KSR.is_OPTIONS() and KSR.is_myself_ruri() and KSR.corex.has_ruri_user() < 0:
            KSR.sl.sl_send_reply(200, "Keepalive")
            return EXIT
        if KSR.sanity.sanity_check(1511, 7) < 0:
            KSR.err("malformed message from %s\n" % KSR.pv.get("$si"))
            return EXIT
        return 1

    def ksr_route_withindlg(self, msg):
        if KSR.siputils.has_totag() < 0:
            return 1
        if KSR.rr.loose_route() > 0:
            if KSR.is_BYE():
                KSR.setflag(FLT_ACC)
            self.ksr_route_relay(msg)
            return EXIT
        if KSR.is_ACK():
            if KSR.tm.t_check_trans() > 0:
                self.ksr_route_relay(msg)
            return EXIT
        KSR.sl.sl_send_reply(404, "Not here")
        return EXIT

    def ksr_route_auth(self, msg):
        if not KSR.is_REGISTER() and not KSR.is_myself_furi():
            return 1
        if KSR.auth_db.auth_check(KSR.pv.get("$fd"), "subscriber", 1) < 0:
            KSR.auth.auth_challenge(KSR.pv.get("$fd"), 0)
            return EXIT
        if not KSR.is_method_in("RP"):
            KSR.auth.consume_credentials()
        return 1

    def ksr_route_registrar(self, msg):
        if not KSR.is_REGISTER():
            return 1
        if KSR.registrar.save("location", 0) < 0:
            KSR.sl.sl_reply_error()
        return EXIT

    def ksr_route_location(self, msg):
        code = KSR.registrar.lookup("location")
        if code < 0:
            if code in (-1, -3):
                KSR.sl.send_reply(404, "Not Found")
                sys.exit()
            if code == -2:
                KSR.sl.send_reply(405, "Method Not Allowed")
                KSR.x.exit()
        if KSR.is_INVITE():
            KSR.tm.t_on_failure("ksr_failure_manage")
        self.calls += 1
        self.ksr_route_relay(msg)

    def ksr_route_relay(self, msg):
        if KSR.is_method_in("IBSU") and KSR.tm.t_is_set("branch_route") < 0:
            KSR.tm.t_on_branch("ksr_branch_manage")
        if KSR.is_method_in("ISU") and KSR.tm.t_is_set("onreply_route") < 0:
            KSR.tm.t_on_reply("ksr_onreply_manage")
        if KSR.tm.t_relay() < 0:
            KSR.sl.sl_reply_error()

    def ksr_branch_manage(self, msg):
        KSR.dbg("branch [%s] to %s\n" % (KSR.pv.get("$T_branch_idx"), KSR.pv.get("$ru")))
        KSR.hdr.append("X-Branch: %d\r\n" % KSR.tm.t_get_branch_index())
        return 1

    def ksr_onreply_manage(self, msg):
        KSR.info("reply %s\n" % KSR.pv.get("$rs"))
        return 1

    def ksr_failure_manage(self, msg):
        if KSR.tm.t_is_canceled() > 0:
            return 1
        if KSR.tm.t_check_status("486|408") > 0:
            KSR.pv.sets("$ru", "sip:voicemail@192.0.2.99")
            KSR.corex.append_branch()
            if KSR.tm.t_relay() < 0:
                KSR.tm.t_reply(500, "No voicemail")
        return 1

    def ksr_reply_route(self, msg):
        KSR.pv.sets("$avp(seen)", KSR.kx.gete_ua())
        return 1
