"""db_mysql: MySQL and MariaDB for modules with a database."""

from siprouter.core.declare import Module, param, stat
from siprouter.modules.db_mysql.driver import DbMysql

module = Module(
    "db_mysql",
    help="Driver for MySQL and MariaDB (mysql://user:password@host/database)",
    state=DbMysql,
    params=[
        param("ping_interval", int, 300, "seconds after which an idle connection is tried before it is used; 0: never"),
        param("timeout_interval", int, 2, "a third of the seconds that a statement may take; 0: no limit"),
        param("auto_reconnect", int, 1, "0: do not connect again once a connection broke"),
        param("retries", int, 1, "how often a read is tried again where its connection broke"),
        param("connect_timeout", int, 2, "seconds that connecting may take; 0: no limit"),
        param("send_timeout", int, 0, "seconds that sending a statement may take, instead of timeout_interval"),
        param("receive_timeout", int, 0, "seconds that its answer may take, instead of timeout_interval"),
    ],
    stats=[stat("mysql:driver_errors", "operations that failed")],
)
