"""db_postgres: PostgreSQL for modules with a database."""

from siprouter.core.declare import Module, param
from siprouter.modules.db_postgres.driver import DbPostgres

module = Module(
    "db_postgres",
    help="Driver for PostgreSQL (postgres://user:password@host/database)",
    state=DbPostgres,
    params=[param("retries", int, 2, "how often a read is tried again where its connection broke")],
)
