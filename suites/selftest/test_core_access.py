"""Who may do what on Elasticsearch: made once by its own tools, kept, and never left half made."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from harness.errors import StackError
from harness.services import elasticsearch_access
from harness.services.elasticsearch_access import FILES, prepare

USERS = {"writer": "logs_writer", "reader": "logs_reader"}
# Stands in for the distribution's tools: what they were asked is a line in a file.
TOOL = """#!/bin/sh
name=$(basename "$0")
echo "$name $*" >> "{calls}"
if [ "$name" = elasticsearch-keystore ]; then [ "$1" = create ] && echo created > "$ES_PATH_CONF/elasticsearch.keystore"
  [ "$1" = add ] && {{ read -r typed; echo "$typed" >> "$ES_PATH_CONF/elasticsearch.keystore"; }}; {fail_keystore}
else echo "$2:hash" >> "$ES_PATH_CONF/users"; echo "$6:$2" >> "$ES_PATH_CONF/users_roles"; {fail_users}
fi
exit 0
"""


class Tools:
    """A distribution whose tools only write down what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.home, self.cache, self.calls = folder / "home", folder / "cache", folder / "calls"
        (self.home / "bin").mkdir(parents=True)
        (self.home / "config").mkdir()
        for name in ("jvm.options", "log4j2.properties", "roles.yml"):
            (self.home / "config" / name).write_text(f"{name}\n")
        self.write()

    def write(self, fail_keystore: str = "", fail_users: str = "") -> None:
        for name in ("elasticsearch-keystore", "elasticsearch-users"):
            path = self.home / "bin" / name
            text = TOOL.format(calls=self.calls, fail_keystore=fail_keystore or ":", fail_users=fail_users or ":")
            path.write_text(text)
            path.chmod(0o755)

    def asked(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def left(self) -> list[Path]:
        folder = self.cache / "elasticsearch-access"
        return list(folder.iterdir()) if folder.exists() else []


@pytest.fixture
def tools(tmp_path) -> Tools:
    return Tools(tmp_path)


def test_users_have_their_roles_and_everybody_a_password_of_their_own(tools):
    access = prepare(tools.cache, tools.home, Path("/java"), USERS)
    assert set(access.passwords) == {"writer", "reader", "elastic"}
    assert len(set(access.passwords.values())) == 3
    assert all(len(password) >= 32 for password in access.passwords.values())
    for user, role in USERS.items():
        assert f"elasticsearch-users useradd {user} -p {access.passwords[user]} -r {role}" in tools.asked()
    assert all((access.folder / name).is_file() for name in FILES)
    assert access.auth("writer") == ("writer", access.passwords["writer"])


def test_the_superusers_password_goes_into_the_keystore_and_not_on_a_command_line(tools):
    access = prepare(tools.cache, tools.home, Path("/java"), USERS)
    assert access.passwords["elastic"] in (access.folder / "elasticsearch.keystore").read_text()
    assert not any(access.passwords["elastic"] in call for call in tools.asked())


def test_passwords_are_readable_by_their_owner_alone(tools):
    access = prepare(tools.cache, tools.home, Path("/java"), USERS)
    assert stat.S_IMODE((access.folder / "passwords.json").stat().st_mode) == 0o600


def test_they_are_made_once(tools):
    first = prepare(tools.cache, tools.home, Path("/java"), USERS)
    calls = tools.asked()
    assert prepare(tools.cache, tools.home, Path("/java"), dict(reversed(USERS.items()))) == first
    assert tools.asked() == calls


def test_other_users_are_made_anew(tools):
    first = prepare(tools.cache, tools.home, Path("/java"), USERS)
    other = prepare(tools.cache, tools.home, Path("/java"), {"reader": "another_role"})
    assert other.folder != first.folder
    assert json.loads((first.folder / "passwords.json").read_text()) == first.passwords


@pytest.mark.parametrize("failing", ["fail_keystore", "fail_users"])
def test_a_tool_that_fails_is_an_error_in_its_own_words_and_leaves_nothing_half_made(tools, failing):
    tools.write(**{failing: "echo no such role >&2; exit 65"})
    with pytest.raises(StackError, match=r"elasticsearch-(keystore|users) failed\n  no such role"):
        prepare(tools.cache, tools.home, Path("/java"), USERS)
    assert tools.left() == []
    tools.write()
    assert prepare(tools.cache, tools.home, Path("/java"), USERS).passwords


def test_a_tool_that_does_not_end_is_an_error(tools, monkeypatch):
    monkeypatch.setattr(elasticsearch_access, "TOOL_SECONDS", 0.3)
    tools.write(fail_keystore="exec sleep 30")
    with pytest.raises(StackError, match="elasticsearch-keystore did not run"):
        prepare(tools.cache, tools.home, Path("/java"), USERS)
    assert tools.left() == []


def test_a_tool_that_is_not_there_is_an_error(tools):
    (tools.home / "bin" / "elasticsearch-users").unlink()
    with pytest.raises(StackError, match="elasticsearch-users did not run"):
        prepare(tools.cache, tools.home, Path("/java"), USERS)
