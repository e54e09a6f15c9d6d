"""Every setting of the packs that ship says on its page what it means, with an example that can be written so."""

from __future__ import annotations

import tomllib

import pytest

from migrator.packs import load as packs
from migrator.packs.pages import page
from migrator.packs.setting_notes import Note, notes
from migrator.packs.settings import overridden

FOLDERS = {path.name: path for path in packs.builtin_folder().iterdir()}
SETTINGS = [
    (name, setting, note)
    for name, folder in sorted(FOLDERS.items())
    for setting, note in notes(packs.load(folder, FOLDERS)).items()
]


@pytest.mark.parametrize(("name", "setting", "note"), SETTINGS, ids=[f"{name}-{each}" for name, each, _ in SETTINGS])
def test_a_setting_is_explained(name: str, setting: str, note: Note) -> None:
    pack = packs.load(FOLDERS[name], FOLDERS)
    assert note.meaning.endswith(".")
    assert f"| {note.meaning} | `{note.example}` |" in page(pack)
    given = tomllib.loads(note.example)
    assert overridden(name, pack.settings, given)[setting] == given[setting] != pack.settings[setting]


def test_a_config_of_portkeys_may_have_any_shape() -> None:
    config = {"retry": {"attempts": 2, "on_status_codes": [429]}}
    assert overridden("p", {"config": {}}, {"config": config}) == {"config": config}
