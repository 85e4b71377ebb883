"""The cfg_db module: run-time settings from a database."""

from siprouter.core.declare import EVERY_WORKER, Module, param, rpc
from siprouter.modules.cfg_db.state import CfgDb

module = Module(
    "cfg_db",
    help="Gives run-time settings the values that stand in a database, and declares more of them",
    state=CfgDb,
    params=[
        param("db_url", str, "mysql://ser:heslo@localhost/ser", "the database"),
        param("transl_tbl", str, "cfg_transl", "table that says which tables hold the values"),
        param("custom_tbl", str, "cfg_custom", "table of further settings"),
    ],
    rpcs=[
        rpc(
            "cfg_db.reload",
            CfgDb.reload_rpc,
            help="Reads the tables again; gives the number of settings that changed.",
            workers=EVERY_WORKER,
        ),
    ],
)
