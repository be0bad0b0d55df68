"""The real command `files-api`, each time in a process of its own, against tables in moto."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from tests.integration.dynamodb import REGION, Tables, connected, dead_address, new_tables

from files_api.adapters.dynamodb.keys import DynamoKeyStore
from files_api.domain.access import ALL_SCOPES
from files_api.domain.api_keys import read_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.stack import Stack

pytestmark = pytest.mark.thorough

COMMAND = Path(sys.executable).with_name("files-api")
SECONDS = 60
Ended = subprocess.CompletedProcess[str]


@dataclass
class Operator:
    """Somebody at a shell: with an environment, and without a terminal."""

    tables: Tables
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        host, port = self.tables.address
        self.environ = {
            "PATH": os.environ["PATH"],
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_REGION": REGION,
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "FILES_API_ENVIRONMENT": "test",
            "FILES_API_KEYS_TABLE": self.tables.keys,
            "SUDO_USER": "ssm-user",
        }

    def run(self, *arguments: str) -> Ended:
        return subprocess.run(
            [COMMAND, *arguments],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def done(self, *arguments: str) -> str:
        """What a command that succeeds writes to stdout."""
        ended = self.run("keys", *arguments)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def json(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "--json"))

    def cloudwatch_events(self, group: str) -> list[Any]:
        host, port = self.tables.address
        logs = boto3.client(
            "logs",
            endpoint_url=f"http://{host}:{port}",
            region_name=REGION,
            aws_access_key_id="tests",
            aws_secret_access_key="tests",
        )
        try:
            return list(logs.filter_log_events(logGroupName=group)["events"])
        finally:
            logs.close()

    def states(self) -> dict[str, str]:
        return {key["key_id"]: key["state"] for key in self.json("list")}


@pytest.fixture
def tables(stack: Stack) -> Iterator[Tables]:
    address = stack.storage.address
    with connected(address) as client, new_tables(address, client) as made:
        yield made


@pytest.fixture
def operator(tables: Tables) -> Operator:
    return Operator(tables)


def one_sentence(ended: Ended) -> str:
    """What was said on stderr by a command that was refused: one line, and nothing on stdout."""
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1), ended
    return ended.stderr


def audit_line(ended: Ended) -> dict[str, Any]:
    """The one line of JSON on stderr."""
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("{")]
    parsed: dict[str, Any] = json.loads(line)
    return parsed


def test_the_life_of_a_client(operator: Operator) -> None:
    first = operator.json(
        "create", "acme", "--scope", "files:read", "--prefix", "a", "--limit", "reads_per_minute=7"
    )
    second = operator.json("rotate", "acme")
    assert operator.states() == {first["key_id"]: "live", second["key_id"]: "live"}

    operator.done("disable", first["key_id"])
    assert operator.states() == {first["key_id"]: "disabled", second["key_id"]: "live"}

    operator.done("delete", first["key_id"], "--yes")
    operator.done("delete", second["key_id"], "--yes")
    assert operator.done("list") == "There are no keys.\n"
    assert {**second, "key_id": "", "key": "", "created_at": ""} == {
        **first,
        "key_id": "",
        "key": "",
        "created_at": "",
        "old_key": second["old_key"],
    }


@pytest.mark.thorough
def test_the_key_that_is_written_is_the_key_that_is_kept(operator: Operator, tables: Tables) -> None:
    text = read_key(operator.done("create", "acme", "--scope", "all").removesuffix("\n"))

    assert text is not None
    kept = DynamoKeyStore(tables.client, tables.keys).find(text.key_id)
    assert kept is not None
    assert (text.is_of(kept), kept.scopes, text.environment) == (True, ALL_SCOPES, "test")


def test_the_secret_is_nowhere_but_on_stdout(operator: Operator, tables: Tables) -> None:
    ended = operator.run("keys", "create", "acme", "--scope", "all")

    text = read_key(ended.stdout.removesuffix("\n"))
    assert text is not None
    elsewhere = ended.stderr + repr(tables.items(tables.keys))
    assert (text.key_id in elsewhere, text.secret in elsewhere) == (True, False)


@pytest.mark.thorough
def test_a_change_is_a_line_of_json_on_stderr(operator: Operator) -> None:
    ended = operator.run("keys", "create", "acme", "--scope", "files:read", "--json")

    line = audit_line(ended)
    assert (
        line["event"],
        line["key_id"],
        line["client"],
        line["scopes"],
        line["actor"].partition("@")[0],
    ) == (
        "key_created",
        json.loads(ended.stdout)["key_id"],
        "acme",
        ["files:read"],
        "ssm-user",
    )


@pytest.mark.thorough
def test_the_line_is_in_cloudwatch_when_the_command_has_ended(operator: Operator, tables: Tables) -> None:
    group = operator.environ["FILES_API_AUDIT_LOG_GROUP"] = f"audit-{tables.keys}"

    ended = operator.run("keys", "create", "acme", "--scope", "files:read")

    assert [json.loads(event["message"]) for event in operator.cloudwatch_events(group)] == [
        audit_line(ended)
    ]


@pytest.mark.thorough
def test_a_command_is_done_though_cloudwatch_is_away(operator: Operator) -> None:
    host, port = dead_address()
    operator.environ["FILES_API_AUDIT_LOG_GROUP"] = "audit"
    operator.environ["AWS_ENDPOINT_URL_CLOUDWATCH_LOGS"] = f"http://{host}:{port}"
    operator.environ["AWS_ENDPOINT_URL_DYNAMODB"] = operator.environ.pop("AWS_ENDPOINT_URL")

    ended = operator.run("keys", "create", "acme", "--scope", "files:read")

    assert "audit lines are not shipped" in ended.stderr
    assert (ended.returncode, audit_line(ended)["event"]) == (0, "key_created")


@pytest.mark.thorough
def test_of_two_operators_who_create_the_same_client_one_is_refused(operator: Operator) -> None:
    with ThreadPoolExecutor(2) as both:
        ended = list(both.map(lambda _: operator.run("keys", "create", "acme", "--scope", "all"), range(2)))

    assert sorted(each.returncode for each in ended) == [0, 1]
    assert len(operator.states()) == 1


@pytest.mark.thorough
def test_of_two_operators_who_rotate_the_same_client_one_is_refused(operator: Operator) -> None:
    operator.done("create", "acme", "--scope", "all")

    with ThreadPoolExecutor(2) as both:
        ended = list(both.map(lambda _: operator.run("keys", "rotate", "acme"), range(2)))

    assert sorted(each.returncode for each in ended) == [0, 1]
    assert len(operator.states()) == 2


@pytest.mark.thorough
def test_a_client_whose_keys_have_all_ended_gets_a_new_one(operator: Operator) -> None:
    operator.done("create", "acme", "--scope", "files:read")
    operator.done("rotate", "acme", "--old-expires-in", "0")
    live = next(key_id for key_id, state in operator.states().items() if state == "live")
    operator.done("disable", live)

    rotated = operator.json("rotate", "acme")

    assert operator.states() == {live: "disabled", rotated["key_id"]: "live"}
    assert rotated["scopes"] == ["files:read"]


def test_settings_are_taken_from_a_file(operator: Operator, tmp_path: Path) -> None:
    names = [name for name in operator.environ if name.startswith(("AWS_", "FILES_API_"))]
    file = tmp_path / "environment"
    file.write_text(
        "# the service's\n" + "".join(f'{name}="{operator.environ.pop(name)}"\n' for name in names)
    )

    ended = operator.run("--settings-file", str(file), "keys", "list")

    assert (ended.returncode, ended.stdout) == (0, "There are no keys.\n"), ended.stderr


@pytest.mark.thorough
def test_what_is_in_the_environment_wins_over_the_file(operator: Operator, tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text("FILES_API_KEYS_TABLE=another-table\n")

    ended = operator.run("--settings-file", str(file), "keys", "list")

    assert (ended.returncode, ended.stdout) == (0, "There are no keys.\n"), ended.stderr


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"FILES_API_KEYS_TABLE": ""}, "FILES_API_KEYS_TABLE is missing"),
        ({"FILES_API_DEFAULT_PLAN": "gold"}, "FILES_API_DEFAULT_PLAN"),
        ({"FILES_API_KEYS_TABLE": "another-table"}, "ResourceNotFoundException"),
        ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, "Unable to locate credentials"),
        ({"AWS_REGION": "", "AWS_ENDPOINT_URL": ""}, "AWS_REGION is missing"),
    ],
)
def test_trouble_is_one_sentence_that_tells_the_reason(
    change: dict[str, str], reason: str, operator: Operator
) -> None:
    operator.environ.update(change)

    assert reason in one_sentence(operator.run("keys", "list"))


@pytest.mark.thorough
def test_a_table_that_cannot_be_reached_is_one_sentence(operator: Operator) -> None:
    host, port = dead_address()
    operator.environ["AWS_ENDPOINT_URL"] = f"http://{host}:{port}"

    assert "Could not connect to the endpoint" in one_sentence(
        operator.run("keys", "create", "acme", "--scope", "all")
    )


@pytest.mark.thorough
@pytest.mark.parametrize(("answer", "left"), [(b"y\n", 0), (b"n\n", 1)])
def test_at_a_terminal_a_deletion_is_asked_for(answer: bytes, left: int, operator: Operator) -> None:
    key_id = operator.json("create", "acme", "--scope", "all")["key_id"]
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        ended = subprocess.run(
            [COMMAND, "keys", "delete", key_id],
            env=operator.environ,
            stdin=theirs,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)

    assert f"Delete the key {key_id} of acme, never used? [y/N]" in ended.stderr
    assert len(operator.states()) == left


@pytest.mark.thorough
def test_a_command_without_any_stdin_is_not_asked(operator: Operator) -> None:
    key_id = operator.json("create", "acme", "--scope", "all")["key_id"]

    ended = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" keys delete "$1" <&-', str(COMMAND), key_id],
        env=operator.environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert (ended.returncode, "--yes" in ended.stderr) == (2, True), ended.stderr


@pytest.mark.thorough
@pytest.mark.parametrize("where", [">/dev/full", "| true", ">&-"])
@pytest.mark.parametrize("form", ["", "--json"])
def test_a_key_that_nobody_will_ever_know_is_named_so_that_it_can_be_deleted(
    where: str, form: str, operator: Operator
) -> None:
    ended = subprocess.run(
        [
            "/bin/bash",
            "-c",
            f'set -o pipefail; "$0" keys create acme --scope all {form} {where}',
            str(COMMAND),
        ],
        env=operator.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    (key_id,) = operator.states()
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1].startswith(
        f"Error: The key {key_id} was made, but cannot be written ("
    )


@pytest.mark.thorough
def test_a_prefix_that_the_terminal_cannot_show_is_escaped(operator: Operator) -> None:
    operator.done("create", "acme", "--scope", "all", "--prefix", "文件")
    operator.environ["PYTHONIOENCODING"] = "latin-1"

    assert "\\u6587\\u4ef6/" in operator.done("list")


def test_help_is_there_at_once_since_it_imports_nothing_of_aws(operator: Operator) -> None:
    program = (
        "import atexit, sys\n"
        "heavy = {'boto3', 'botocore', 'marshmallow', 'flask', 'gevent', 'openai', 'watchtower'}\n"
        "atexit.register(lambda: print('imported:', sorted(heavy & set(sys.modules))))\n"
        "from files_api.cli import main\n"
        "main(['keys', 'create', '--help'])\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=operator.environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )

    assert "--scope" in ended.stdout
    assert ended.stdout.endswith("imported: []\n")
