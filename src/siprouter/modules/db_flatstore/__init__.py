"""db_flatstore: rows as lines at the end of files, for accounting."""

from siprouter.core.declare import EVERY_WORKER, Module, mi, param, rpc
from siprouter.modules.db_flatstore.driver import DbFlatstore

module = Module(
    "db_flatstore",
    help="Driver that appends rows to files (flatstore:/directory)",
    state=DbFlatstore,
    params=[
        param("flush", int, 1, "1: each row is in the file at once"),
        param("field_delimiter", str, "|", "what is between two fields: one character"),
        param("record_delimiter", str, "\n", "what ends a row: one character"),
        param("escape_char", str, "\\", "what goes before a delimiter within a field: one character"),
        param("file_suffix", str, ".log", "end of the names of files"),
    ],
    rpcs=[
        rpc(
            "flatstore.rotate",
            DbFlatstore.rotate,
            help="Closes all files, to be opened anew by the next row.",
            workers=EVERY_WORKER,
        )
    ],
    mis=[
        mi(
            "flat_rotate",
            DbFlatstore.rotate_mi,
            help="closes all files, to be opened anew by the next row",
            workers=EVERY_WORKER,
        )
    ],
)
