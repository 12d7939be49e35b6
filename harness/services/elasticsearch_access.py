"""Who may do what on Elasticsearch: file-realm users and the bootstrap password, made once per machine.

Elasticsearch's own tools make them, at a JVM start each; they are kept in the cache, keyed by who they are for.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from harness.errors import StackError

TOOL_SECONDS = 60.0
SUPERUSER = "elastic"
FILES = ("users", "users_roles", "elasticsearch.keystore")


@dataclass(frozen=True, slots=True)
class Access:
    """The passwords by user, and the folder that holds the files Elasticsearch reads."""

    passwords: Mapping[str, str]
    folder: Path

    def auth(self, user: str) -> tuple[str, str]:
        """User and password, as requests wants them. Raises StackError for a user nobody made."""
        if user not in self.passwords:
            known = ", ".join(sorted(self.passwords))
            raise StackError(f"Elasticsearch has no user {user!r}", hint=f"It has {known}.")
        return user, self.passwords[user]

    def basic(self, user: str) -> str:
        """The value of an Authorization header."""
        return "Basic " + base64.b64encode(":".join(self.auth(user)).encode()).decode()


def prepare(cache: Path, home: Path, java: Path, users: Mapping[str, str]) -> Access:
    """Users (name → role) with random passwords, and the superuser's, from the cache or made now. Raises StackError."""
    key = hashlib.sha256(json.dumps([str(home), sorted(users.items())]).encode()).hexdigest()[:12]
    folder = cache / "elasticsearch-access" / key
    passwords = folder / "passwords.json"
    if not passwords.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix="making-", dir=folder.parent))
        try:
            _make(made, home, java, users)
            shutil.rmtree(folder, ignore_errors=True)
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
    return Access(json.loads(passwords.read_text(encoding="utf-8")), folder)


def _make(folder: Path, home: Path, java: Path, users: Mapping[str, str]) -> None:
    passwords = {user: secrets.token_hex(16) for user in (*users, SUPERUSER)}
    for name in ("users", "users_roles"):
        (folder / name).touch()
    for name in ("jvm.options", "log4j2.properties"):
        shutil.copyfile(home / "config" / name, folder / name)
    shutil.copyfile(home / "config" / "roles.yml", folder / "roles.yml")
    (folder / "elasticsearch.yml").write_text("", encoding="utf-8")

    def keystore() -> None:
        _run(folder, home, java, ["elasticsearch-keystore", "create"], "")
        arguments = ["elasticsearch-keystore", "add", "--stdin", "--force", "bootstrap.password"]
        _run(folder, home, java, arguments, passwords[SUPERUSER])

    def file_realm() -> None:
        for user, role in users.items():
            _run(folder, home, java, ["elasticsearch-users", "useradd", user, "-p", passwords[user], "-r", role], "")

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(keystore), pool.submit(file_realm)]:
            done.result()
    (folder / "passwords.json").write_text(json.dumps(passwords), encoding="utf-8")
    (folder / "passwords.json").chmod(0o600)


def _run(folder: Path, home: Path, java: Path, arguments: list[str], typed: str) -> None:
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "ES_PATH_CONF": str(folder),
        "ES_JAVA_HOME": str(java),
        "CLI_JAVA_OPTS": "-XX:TieredStopAtLevel=1",
    }
    try:
        done = subprocess.run(
            [str(home / "bin" / arguments[0]), *arguments[1:]],
            input=typed,
            env=environment,
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"{arguments[0]} did not run: {error}") from error
    if done.returncode != 0:
        raise StackError(f"{arguments[0]} failed", hint=(done.stdout + done.stderr).strip()[-800:])
