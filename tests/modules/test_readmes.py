"""Each configuration in the README of a module can be loaded and started."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import siprouter.modules
from siprouter.testing import Node
from tests.support.geoip import write_database
from tests.support.radius_server import radius_config
from tests.support.sqlite import Sqlite

RADIUS = re.compile(r'"(/[\w/.-]+/radiusclient\.conf)"')
DATABASE = "sqlite:///var/lib/siprouter/siprouter.db"
PLACES = "/usr/share/GeoIP/GeoLite2-City.mmdb"
LDAP_FILE = "/etc/siprouter/ldap.cfg"
INI = re.compile(r"^```ini\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)

LUA_FILE = re.compile(r'"(/etc/siprouter/\w+\.lua)"')
LUA_BLOCK = re.compile(r"^```lua\n(.*?)^```$", re.MULTILINE | re.DOTALL)

PYTHON_FILE = re.compile(r'"(/etc/siprouter/\w+\.py)"')
OWN_ATTRIBUTE = re.compile(r"^    (ATTRIBUTE .*)$", re.MULTILINE)
"""what an example needs in the dictionary of RADIUS"""

OWN_TABLE = re.compile(r"`(CREATE TABLE [^`]+)`")
"""tables that an example needs, and that are none of 3.1's"""


def examples() -> list[tuple[str, str]]:
    """Module and text of each fenced block that loads a module."""
    found = []
    for path in sorted(Path(siprouter.modules.__path__[0]).glob("*/README.md")):
        blocks = EXAMPLE.findall(path.read_text())
        found += [(path.parent.name, block) for block in blocks if "loadmodule" in block]
    return found


def with_lua_file(module: str, text: str, folder: Path) -> str:
    """`text` with the Lua file that it names in `folder`: what the same README has in its blocks of Lua."""
    for path in LUA_FILE.findall(text):
        readme = (Path(siprouter.modules.__path__[0]) / module / "README.md").read_text()
        (folder / "script.lua").write_text("\n".join(LUA_BLOCK.findall(readme)))
        text = text.replace(path, str(folder / "script.lua"))
    return text


@pytest.mark.parametrize(("module", "text"), [pytest.param(*one, id=f"{one[0]}") for one in examples()])
def test_example(module: str, text: str, tmp_path: Path) -> None:
    if DATABASE in text:
        database = Sqlite(tmp_path / "siprouter.db")
        for statement in OWN_TABLE.findall((Path(siprouter.modules.__path__[0]) / module / "README.md").read_text()):
            database.run(statement)
        text = text.replace(DATABASE, database.url)
    if PLACES in text:
        text = text.replace(PLACES, str(write_database(tmp_path / "city.mmdb")))
    if RADIUS.search(text):
        names = OWN_ATTRIBUTE.findall((Path(siprouter.modules.__path__[0]) / module / "README.md").read_text())
        (tmp_path / "names").write_text("\n".join(names))
        text = RADIUS.sub(f'"{radius_config(tmp_path, 1812, more="dictionary names")}"', text)
    text = with_lua_file(module, text, tmp_path)
    text = with_python_file(module, text, tmp_path)
    if LDAP_FILE in text:
        pytest.importorskip("ldap", reason="pip install python-ldap")
        readme = Path(siprouter.modules.__path__[0]) / module / "README.md"
        (tmp_path / "ldap.cfg").write_text("".join(INI.findall(readme.read_text())))
        text = text.replace(LDAP_FILE, str(tmp_path / "ldap.cfg"))
    node = Node(text)
    try:
        assert module.removesuffix("_s") in node.worker.modules
        assert module.endswith("_s") == text.startswith("#!SER\n")
        assert [record.text for record in node.records if record.level < 0] == []
    finally:
        node.close()


def with_python_file(module: str, text: str, folder: Path) -> str:
    """`text` with the Python file that it names in `folder`: what the same README has in its block of Python."""
    for path in PYTHON_FILE.findall(text):
        readme = (Path(siprouter.modules.__path__[0]) / module / "README.md").read_text()
        (folder / "script.py").write_text(re.findall(r"^```python\n(.*?)^```$", readme, re.M | re.S)[0])
        text = text.replace(path, str(folder / "script.py"))
    return text


def test_there_are_examples() -> None:
    assert len(examples()) > 10
