"""Which configuration a file belongs to."""

from __future__ import annotations

from pathlib import Path

from siprouter.lsp.projects import main_file


def test_a_file_that_nobody_includes_is_its_own(tmp_path: Path) -> None:
    path = tmp_path / "k.cfg"
    path.write_text("debug=1\n")
    assert main_file(str(path), []) == str(path)


def test_the_outermost_file_that_includes_it(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "k.cfg").write_text('include_file "parts/a.cfg"\n')
    (tmp_path / "parts" / "a.cfg").write_text('#!include_file "b.cfg"\n')
    (tmp_path / "parts" / "b.cfg").write_text("debug=1\n")
    assert main_file(str(tmp_path / "parts" / "b.cfg"), []) == str(tmp_path / "k.cfg")


def test_files_of_the_workspace_include_it_too(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "k.cfg").write_text('import_file "a/b/part.cfg"\n')
    part = tmp_path / "a" / "b" / "part.cfg"
    part.write_text("debug=1\n")
    assert main_file(str(part), []) == str(part)
    assert main_file(str(part), [str(tmp_path)]) == str(tmp_path / "k.cfg")


def test_files_that_include_each_other_end(tmp_path: Path) -> None:
    (tmp_path / "a.cfg").write_text('include_file "b.cfg"\n')
    (tmp_path / "b.cfg").write_text('include_file "a.cfg"\n')
    assert main_file(str(tmp_path / "a.cfg"), []) == str(tmp_path / "b.cfg")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    path = str(tmp_path / "none" / "k.cfg")
    assert main_file(path, ["/nonexistent"]) == path
