"""matrix: looks numbers up by two others."""

from siprouter.core.args import FmtOrInt
from siprouter.core.declare import EVERY_WORKER, Module, function, mi, param
from siprouter.core.routes import FAILURE, REQUEST
from siprouter.modules.matrix.state import AvpRef, Matrix

module = Module(
    "matrix",
    help="looks numbers up by two others",
    state=Matrix,
    params=[
        param("db_url", str, "mysql://openserro:openserro@localhost/openser", "the database"),
        param("matrix_table", str, "matrix", "the table"),
        param("matrix_first_col", str, "first", "column of the first number"),
        param("matrix_second_col", str, "second", "column of the second number"),
        param("matrix_res_col", str, "res", "column of the result"),
    ],
    functions=[
        function(
            "matrix",
            Matrix.look_up,
            [FmtOrInt("first"), FmtOrInt("second"), AvpRef("result", writable=True)],
            routes=REQUEST | FAILURE,
            help="look up the cell of two numbers: first, second, AVP for the result",
        ),
    ],
    mis=[mi("reload_matrix", Matrix.reload, help="read the cells again", workers=EVERY_WORKER)],
)
