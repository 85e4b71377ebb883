"""The SQL that makes tables, by SQLAlchemy; and the first lines of db_text files."""

from __future__ import annotations

from typing import Any

from siprouter.db.schema import ColumnSpec, IndexSpec, TableSpec
from siprouter.db.text_format import DOUBLE, INT, STRING, TIME, Column
from siprouter.util.errors import OperatorError

INTEGERS = ("int", "short", "char", "unsigned int", "unsigned short", "unsigned char")


def statements(spec: TableSpec, driver: str) -> list[str]:
    """CREATE TABLE and CREATE INDEX. Raises OperatorError where SQLAlchemy is missing."""
    try:
        import sqlalchemy as sa
        from sqlalchemy.schema import CreateIndex, CreateTable
    except ImportError:
        message = "the tables of a database are made by the Python package sqlalchemy"
        raise OperatorError(message, suggestion="pip install 'siprouter[sql]'") from None
    dialect = _dialect(driver)
    table = sa.Table(
        spec.name,
        sa.MetaData(),
        *[_column(column, driver) for column in spec.columns],
        *[_unique(spec, index, driver) for index in spec.indexes if index.unique],
        mysql_engine="InnoDB",
    )
    found: list[Any] = [CreateTable(table)]
    indexes = [
        CreateIndex(sa.Index(_index_name(spec, index, driver), *[table.c[name] for name in index.columns]))
        for index in spec.indexes
        if not index.unique
    ]
    return [str(item.compile(dialect=dialect)).strip() for item in (*found, *indexes)]


def _dialect(driver: str) -> Any:
    from sqlalchemy.dialects import mysql, postgresql, sqlite

    return {"mysql": mysql, "postgres": postgresql, "sqlite": sqlite}[driver].dialect()


def _index_name(spec: TableSpec, index: IndexSpec, driver: str) -> str:
    # names of indexes are their own in each table of MySQL, and shared by all tables elsewhere
    return index.name if driver == "mysql" else f"{spec.name}_{index.name}"


def _unique(spec: TableSpec, index: IndexSpec, driver: str) -> Any:
    import sqlalchemy as sa

    return sa.UniqueConstraint(*index.columns, name=_index_name(spec, index, driver))


def _column(spec: ColumnSpec, driver: str) -> Any:
    import sqlalchemy as sa

    default = None
    if spec.has_default and spec.default is not None and not spec.auto:
        is_number = spec.kind in INTEGERS or spec.kind == "float"
        default = sa.text(str(spec.default) if is_number else "'" + str(spec.default).replace("'", "''") + "'")
    return sa.Column(
        spec.name,
        _type(spec, driver),
        primary_key=spec.primary,
        autoincrement=spec.auto,
        nullable=spec.null,
        server_default=default,
    )


def _type(spec: ColumnSpec, driver: str) -> Any:
    import sqlalchemy as sa
    from sqlalchemy.dialects import mysql

    if driver == "mysql" and spec.kind in INTEGERS:
        unsigned = spec.kind.startswith("unsigned")
        kinds: dict[str, Any] = {"int": mysql.INTEGER, "short": mysql.SMALLINT, "char": mysql.TINYINT}
        return kinds[spec.kind.rpartition(" ")[2]](spec.size or None, unsigned=unsigned)
    if driver == "mysql" and spec.kind == "float":
        return mysql.FLOAT(10, 2) if spec.name == "q" else mysql.FLOAT()
    if spec.kind in ("short", "char", "unsigned char") or (spec.kind == "unsigned short" and driver == "sqlite"):
        return sa.SmallInteger()
    if spec.kind in INTEGERS:
        return sa.Integer()
    simple: dict[str, Any] = {"text": sa.Text, "binary": sa.LargeBinary, "datetime": sa.DateTime, "float": sa.REAL}
    return sa.String(spec.size) if spec.kind == "string" else simple[spec.kind]()


def text_columns(spec: TableSpec) -> list[Column]:
    """The columns of a db_text file."""
    kinds = {"float": DOUBLE, "datetime": TIME, **dict.fromkeys(INTEGERS, INT)}
    return [Column(item.name, kinds.get(item.kind, STRING), item.null, item.auto) for item in spec.columns]
