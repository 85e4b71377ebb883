"""db_text: directories of text files for modules with a database."""

from siprouter.core.declare import KAMAILIO, Module, param
from siprouter.modules.db_text.driver import DbText

module = Module(
    "db_text",
    help="Driver for tables in text files (text:///directory)",
    state=DbText,
    family=KAMAILIO,
    params=[param("db_mode", int, 0, "0: files are read once; 1: a file that changed is read again")],
)
