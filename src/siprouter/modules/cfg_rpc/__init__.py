"""The cfg_rpc module: run-time settings by RPC."""

from siprouter.core.declare import EVERY_WORKER, Module, rpc
from siprouter.modules.cfg_rpc.commands import CfgRpc

NOW = "Changes a setting at once."
DELAYED = "Prepares the change of a setting, to be made by cfg.commit."

module = Module(
    "cfg_rpc",
    help="Reads and changes run-time settings by RPC",
    state=CfgRpc,
    rpcs=[
        rpc("cfg.set_now_int", CfgRpc.set_now, "ssd", help=NOW, workers=EVERY_WORKER),
        rpc("cfg.set_now_string", CfgRpc.set_now, "sss", help=NOW, workers=EVERY_WORKER),
        rpc("cfg.set_delayed_int", CfgRpc.set_delayed, "ssd", help=DELAYED, workers=EVERY_WORKER),
        rpc("cfg.set_delayed_string", CfgRpc.set_delayed, "sss", help=DELAYED, workers=EVERY_WORKER),
        rpc("cfg.commit", CfgRpc.commit, help="Makes the prepared changes.", workers=EVERY_WORKER),
        rpc("cfg.rollback", CfgRpc.rollback, help="Forgets the prepared changes.", workers=EVERY_WORKER),
        rpc("cfg.get", CfgRpc.get, "ss", help="Value of a setting."),
        rpc("cfg.help", CfgRpc.help, "ss", help="What a setting means, and its type.", returns_array=True),
        rpc("cfg.list", CfgRpc.list, help="Names of all settings.", returns_array=True),
        rpc("cfg.diff", CfgRpc.diff, help="The prepared changes, with old and new values.", returns_array=True),
    ],
)
