"""The mi_fifo module: management commands through a FIFO."""

from siprouter.core.declare import Module, param
from siprouter.modules.mi_fifo.server import MiFifo

module = Module(
    "mi_fifo",
    help="Management (MI) commands through a FIFO in the file system",
    family="kamailio",
    state=MiFifo,
    params=[
        param("fifo_name", str, None, "path of the FIFO; required"),
        param("fifo_mode", int, 0o660, "mode bits of the FIFO"),
        param("fifo_user", "int|str", None, "owner of the FIFO", setter="set_user"),
        param("fifo_group", "int|str", None, "group of the FIFO", setter="set_group"),
        param("reply_dir", str, "/tmp/", "directory of the reply FIFOs"),
        param("reply_indent", str, "\t", "indentation of a level in a reply"),
    ],
)
