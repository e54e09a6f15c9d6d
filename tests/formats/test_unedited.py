"""Lock files and SQL: reported, never edited."""

from __future__ import annotations

from .helpers import find, migrate, said


def test_a_lock_file_without_flagged_packages_is_not_found() -> None:
    assert find("uv.lock", '[[package]]\nname = "portkey-ai-extras"\nsource = "agentcore.integration.portkey"\n') == []


def test_a_lock_file_is_reported_once_for_each_flagged_package() -> None:
    text = '[[package]]\nname = "portkey-ai"\nurl = "https://x/portkey_ai-1.whl"\n[[package]]\ndeps = ["portkey-ai"]\n'
    assert migrate("app/uv.lock", text) == text
    (message,) = said(find("app/uv.lock", text))
    assert message.startswith("manual: `portkey_ai` is")
    assert message.endswith("uv.lock is regenerated, not edited")


def test_sql_of_other_tables_is_not_found() -> None:
    assert find("a.sql", "UPDATE payments SET provider = 'portkey';\n") == []
    assert find("a.sql", "SELECT provider_module FROM llm_requests WHERE x = 'portkey2';\n") == []


def test_stored_names_are_left_to_the_sql_command() -> None:
    text = "UPDATE LLM_REQUESTS\nSET x = 'portkey', y = 'portkey';\nINSERT INTO system_config VALUES ('a.portkey.b');\n"
    assert migrate("a.sql", text) == text
    assert [text.count("\n", 0, f.start) + 1 for f in find("a.sql", text)] == [2, 3]
    assert all(m.startswith("manual") and m.endswith("moved by `migrate sql`") for m in said(find("a.sql", text)))
