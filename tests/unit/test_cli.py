"""What an operator types, and what is answered (`cli`)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from tests.unit.domain.key_store import MemoryKeyStore

from files_api import key_desk
from files_api.cli import main
from files_api.domain.access import ALL_SCOPES, Scope
from files_api.domain.api_keys import KEY, ApiKey, KeyText, read_key
from files_api.domain.errors import AccessUnavailable
from files_api.domain.key_management import KeyManagement
from files_api.domain.paths import Directory
from files_api.domain.plans import Plan
from files_api.key_desk import Desk, find_actor

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

START = datetime(2026, 11, 24, 17, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
PLANS = {name: Plan(name=name) for name in ("free", "standard")}
USAGE = 2
REFUSED = 1


@dataclass
class Office:
    """Where the commands are given: keys in memory, a clock that stands still, and a book of audit lines."""

    now: datetime = START
    interactive: bool = False
    audit: list[dict[str, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = MemoryKeyStore(self.clock)

    def clock(self) -> datetime:
        return self.now

    def record(self, event: str, **fields: object) -> None:
        self.audit.append({"event": event, **fields})

    def open(self) -> Desk:
        return Desk(
            management=KeyManagement(self.store, "prod", self.clock),
            plans=PLANS,
            default_plan="standard",
            clock=self.clock,
            record=self.record,
            actor="alice@bastion",
            interactive=self.interactive,
        )

    def run(self, *arguments: str, answer: str = "") -> Result:
        result = CliRunner().invoke(main, ["keys", *arguments], input=answer, obj=self.open)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    def done(self, *arguments: str) -> Result:
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result

    def json(self, *arguments: str) -> Any:
        return json.loads(self.done(*arguments, "--json").stdout)

    def key(self, client: str = "acme", *arguments: str) -> str:
        """Make a key, and tell its id."""
        key_id = self.json("create", client, "--scope", "all", *arguments)["key_id"]
        assert isinstance(key_id, str)
        return key_id

    def kept(self) -> list[ApiKey]:
        return sorted(self.store.all(), key=lambda key: key.created_at)


@pytest.fixture
def office() -> Office:
    return Office()


def one_sentence(result: Result) -> str:
    """What was said on stderr by a command that was refused: one line, and nothing on stdout."""
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (REFUSED, "", 1), result.output
    return result.stderr


# create ----------------------------------------------------------------------------------------------------------


def test_a_key_is_made_with_all_that_was_said(office: Office) -> None:
    office.done(
        *(
            "create",
            "acme",
            "--scope",
            "files:read",
            "--scope",
            "files:write",
            "--prefix",
            "a/b",
            "--plan",
            "free",
        ),
        *("--limit", "reads_per_minute=7", "--limit", "generations_per_day=0", "--expires-in", "90d"),
    )

    key = office.kept()[0]
    assert key == ApiKey(
        key_id=key.key_id,
        client="acme",
        secret_hash=key.secret_hash,
        scopes=frozenset({Scope.READ, Scope.WRITE}),
        root=Directory("a/b/"),
        plan="free",
        limits={"reads_per_minute": 7, "generations_per_day": 0},
        created_at=START,
        expires_at=START + 90 * DAY,
    )


def test_a_key_that_is_only_named_has_the_whole_bucket_the_default_plan_and_no_end(office: Office) -> None:
    office.key()

    key = office.kept()[0]
    assert (key.scopes, key.root, key.plan, key.limits, key.expires_at) == (ALL_SCOPES, "", None, {}, None)


def test_stdout_is_the_key_alone_so_that_it_can_be_piped_on(office: Office) -> None:
    result = office.done("create", "acme", "--scope", "all")

    text = read_key(result.stdout.removesuffix("\n"))
    assert text is not None
    assert (text.key_id, text.environment, text.is_of(office.kept()[0])) == (
        office.kept()[0].key_id,
        "prod",
        True,
    )


def test_the_secret_is_shown_once_between_clear_lines(office: Office) -> None:
    result = office.done("create", "acme", "--scope", "all")

    found = KEY.findall(result.output)
    assert len(found) == 1
    assert f"never again:\n\n{result.stdout}\n" in result.output


def test_whoever_makes_a_key_sees_what_it_is_good_for(office: Office) -> None:
    told = office.done("create", "acme", "--scope", "files:read", "--expires-in", "24h").stderr

    assert re.search(r"scopes +files:read\n", told)
    assert re.search(r"prefix +none: the whole bucket\n", told)
    assert re.search(r"plan +standard \(the default\)\n", told)
    assert re.search(r"expires +2026-11-25 17:02 UTC\n", told)


def test_a_program_gets_the_key_in_json(office: Office) -> None:
    made = office.json("create", "acme", "--scope", "files:read", "--prefix", "a", "--expires-in", "24h")

    text = read_key(made.pop("key"))
    assert text is not None
    assert text.is_of(office.kept()[0])
    assert made == {
        "client": "acme",
        "key_id": text.key_id,
        "state": "live",
        "scopes": ["files:read"],
        "prefix": "a/",
        "plan": None,
        "limits": {},
        "created_at": "2026-11-24T17:02:09Z",
        "expires_at": "2026-11-25T17:02:09Z",
        "last_used_at": None,
    }


def test_a_key_without_a_scope_is_not_made_and_the_scopes_are_named(office: Office) -> None:
    result = office.run("create", "acme")

    assert (result.exit_code, office.kept()) == (USAGE, [])
    assert all(name in result.stderr for name in ("--scope", *Scope, "all"))


def test_a_client_that_has_a_key_is_refused(office: Office) -> None:
    office.key()

    assert "The client acme has a key already: rotate it" in one_sentence(
        office.run("create", "acme", "--scope", "all")
    )


WRONG_CREATIONS = [
    (["Acme"], "A client's name must be 1 to 64"),
    (["a" * 65], "A client's name must be 1 to 64"),
    (["acme", "--scope", "files:fly"], "'files:fly' is not one of"),
    (["acme", "--prefix", "/a"], "The path begins with a slash."),
    (["acme", "--prefix", "a/../b"], "The path has the segment '..'."),
    (["acme", "--plan", "gold"], "there is no plan 'gold'; there are free, standard"),
    (["acme", "--limit", "reads_per_minute"], "is not like reads_per_minute=100"),
    (["acme", "--limit", "reads_per_minute=-1"], "is not like reads_per_minute=100"),
    (["acme", "--limit", "reads_per_minute=\N{ARABIC-INDIC DIGIT ONE}"], "is not like reads_per_minute=100"),
    (["acme", "--limit", "reads_per_minute=9999999999999999"], "must be a whole number"),
    (["acme", "--limit", "smiles_per_day=1"], "there is no limit 'smiles_per_day'"),
    (
        ["acme", "--limit", "reads_per_minute=1", "--limit", "reads_per_minute=2"],
        "the same limit is given twice",
    ),
    (["acme", "--expires-in", "0d"], "must be more than zero"),
    (["acme", "--expires-in", "-1d"], "is not a duration like 30m, 24h, 90d or 52w"),
    (["acme", "--expires-in", "1.5h"], "is not a duration"),
    (["acme", "--expires-in", "90"], "is not a duration"),
    (["acme", "--expires-in", "2y"], "is not a duration"),
    (["acme", "--expires-in", "\N{ARABIC-INDIC DIGIT ONE}d"], "is not a duration"),
    (["acme", "--expires-in", "2912500d"], "--expires-in would end after the year 9999"),
    (["acme", "--expires-in", "9" * 30 + "d"], "is longer than any date can tell"),
    (["acme", "--expires-in", "9" * 5000 + "d"], "is longer than any date can tell"),
    (["acme", "--expires-at", "2026-11-24T17:02:09Z"], "--expires-at must be in the future"),
    (["acme", "--expires-at", "2027-01-31"], "is not a time like 2027-01-31T12:00:00Z"),
    (["acme", "--expires-at", "2027-01-31T12:00:00"], "is not a time like"),
    (["acme", "--expires-at", "2027-02-30T12:00:00Z"], "is not a time like"),
    (["acme", "--expires-at", "9999-12-31T23:59:59-01:00"], "is not a time like"),
    (["acme", "--expires-in", "1d", "--expires-at", "2027-01-31T12:00:00Z"], "exclude each other"),
]


@pytest.mark.parametrize(("arguments", "problem"), WRONG_CREATIONS)
def test_what_means_nothing_is_wrong_usage_and_makes_no_key(
    arguments: list[str], problem: str, office: Office
) -> None:
    result = office.run("create", *arguments, "--scope", "all")

    assert (result.exit_code, result.stdout, office.kept(), office.audit) == (USAGE, "", [], [])
    assert problem in result.stderr


@pytest.mark.parametrize(
    ("text", "duration"),
    [("30m", DAY / 48), ("24h", DAY), ("90d", 90 * DAY), ("52w", 364 * DAY), ("007d", 7 * DAY)],
)
def test_how_long_a_key_lasts(text: str, duration: timedelta, office: Office) -> None:
    office.key("acme", "--expires-in", text)

    assert office.kept()[0].expires_at == START + duration


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-31T12:00:00Z",
        "2027-01-31t12:00:00z",
        "2027-01-31 13:30:00.999+01:30",
        "2027-01-31T12:00:00+00:00",
    ],
)
def test_when_a_key_ends(text: str, office: Office) -> None:
    office.key("acme", "--expires-at", text)

    assert office.kept()[0].expires_at == datetime(2027, 1, 31, 12, tzinfo=UTC)


# list and show ---------------------------------------------------------------------------------------------------


def test_the_table_shows_every_key_on_a_line(office: Office) -> None:
    first = office.key("web-shop", "--prefix", "文件", "--plan", "free", "--limit", "reads_per_minute=1")
    office.now += DAY
    second = office.json("rotate", "web-shop", "--old-expires-in", "0")["key_id"]
    third = office.json("create", "a", "--scope", "files:write", "--scope", "files:read")["key_id"]
    office.store.disable(third)
    office.store.note_use(second, office.now)

    table = office.done("list").stdout

    assert table == (
        "CLIENT    KEY ID            SCOPES                  PREFIX  PLAN              "
        "CREATED (UTC)     EXPIRES (UTC)     LAST USED (UTC)   STATE\n"
        f"a         {third}  files:read,files:write  -       standard          "
        "2026-11-25 17:02  never             never             disabled\n"
        f"web-shop  {first}  all                     文件/   free, own limits  "
        "2026-11-24 17:02  2026-11-25 17:02  never             expired\n"
        f"web-shop  {second}  all                     文件/   free, own limits  "
        "2026-11-25 17:02  never             2026-11-25 17:02  live\n"
    )


def test_nothing_to_list_is_said_in_words(office: Office) -> None:
    assert office.done("list").stdout == "There are no keys.\n"


def test_nothing_to_list_is_an_empty_array_for_programs(office: Office) -> None:
    assert office.json("list") == []


def test_programs_get_the_keys_in_the_same_order(office: Office) -> None:
    office.key("b")
    office.key("a")

    assert [key["client"] for key in office.json("list")] == ["a", "b"]


def test_all_about_a_client_is_all_about_both_of_its_keys(office: Office) -> None:
    first = office.key(
        "acme", "--prefix", "a", "--limit", "reads_per_minute=7", "--limit", "generations_per_day=1"
    )
    second = office.json("rotate", "acme")["key_id"]
    office.store.note_use(first, START)

    details = office.done("show", "acme").stdout

    assert details == (
        "client      acme\n"
        f"key id      {first}\n"
        "state       live\n"
        "scopes      files:read, files:write, files:delete, files:generate\n"
        "prefix      a/\n"
        "plan        standard (the default)\n"
        "own limits  generations_per_day=1, reads_per_minute=7\n"
        "created     2026-11-24 17:02 UTC\n"
        "expires     2026-11-25 17:02 UTC\n"
        "last used   2026-11-24 17:02 UTC, to the hour\n"
        "\n"
        "client      acme\n"
        f"key id      {second}\n"
        "state       live\n"
        "scopes      files:read, files:write, files:delete, files:generate\n"
        "prefix      a/\n"
        "plan        standard (the default)\n"
        "own limits  generations_per_day=1, reads_per_minute=7\n"
        "created     2026-11-24 17:02 UTC\n"
        "expires     never\n"
        "last used   never\n"
    )


def test_one_key_can_be_shown(office: Office) -> None:
    key_id = office.key()

    assert [key["key_id"] for key in office.json("show", key_id)] == [key_id]


def test_what_is_not_there_cannot_be_shown(office: Office) -> None:
    assert one_sentence(office.run("show", "nobody")) == "Error: There is no client and no key nobody.\n"


# rotate ----------------------------------------------------------------------------------------------------------


def test_a_rotation_hands_over_a_key_and_says_how_long_the_old_one_goes_on(office: Office) -> None:
    old_id = office.key()

    result = office.done("rotate", "acme")

    text = read_key(result.stdout.removesuffix("\n"))
    assert text is not None
    assert [key.key_id for key in office.store.of_client("acme")] == [old_id, text.key_id]
    assert f"The old key {old_id} goes on until 2026-11-25 17:02 UTC." in result.stderr


@pytest.mark.parametrize("zero", ["0", "0h"])
def test_an_old_key_that_ends_at_once_is_said_to(zero: str, office: Office) -> None:
    old_id = office.key()

    result = office.done("rotate", "acme", "--old-expires-in", zero)

    assert f"The old key {old_id} opens nothing any more." in result.stderr
    assert [key["state"] for key in office.json("show", old_id)] == ["expired"]


def test_a_program_gets_both_keys_of_a_rotation(office: Office) -> None:
    old_id = office.key()

    rotated = office.json("rotate", "acme", "--old-expires-in", "30m", "--expires-in", "90d")

    text = read_key(rotated["key"])
    assert text is not None
    assert (rotated["key_id"], rotated["expires_at"]) == (text.key_id, "2027-02-22T17:02:09Z")
    assert (rotated["old_key"]["key_id"], rotated["old_key"]["expires_at"]) == (
        old_id,
        "2026-11-24T17:32:09Z",
    )


def test_a_third_key_is_refused_with_a_sentence_that_names_the_two(office: Office) -> None:
    first = office.key()
    second = office.json("rotate", "acme")["key_id"]

    said = one_sentence(office.run("rotate", "acme"))

    assert all(part in said for part in (first, second, "disable or delete the one"))


def test_a_client_whose_keys_have_expired_gets_a_new_one(office: Office) -> None:
    office.key("acme", "--expires-in", "90d")
    office.now += 365 * DAY

    assert office.json("rotate", "acme")["state"] == "live"


def test_an_end_that_has_to_be_said_is_asked_for(office: Office) -> None:
    office.key("acme", "--expires-in", "30m")

    result = office.run("rotate", "acme")

    assert (result.exit_code, "--expires-in must be given" in result.stderr) == (USAGE, True)


def test_nobody_is_not_rotated(office: Office) -> None:
    assert one_sentence(office.run("rotate", "acme")) == "Error: There is no client acme.\n"


# disable and delete ----------------------------------------------------------------------------------------------


def test_a_key_is_disabled(office: Office) -> None:
    key_id = office.key()

    assert office.done("disable", key_id).stdout == f"Disabled the key {key_id} of acme.\n"
    assert office.kept()[0].disabled


def test_a_key_is_deleted_without_a_terminal(office: Office) -> None:
    key_id = office.key()

    assert office.done("delete", key_id, "--yes").stdout == f"Deleted the key {key_id} of acme.\n"
    assert office.kept() == []


def test_where_nobody_can_be_asked_a_key_is_not_deleted_without_a_yes(office: Office) -> None:
    key_id = office.key()

    result = office.run("delete", key_id, answer="y\n")

    assert (result.exit_code, "--yes" in result.stderr, len(office.kept())) == (USAGE, True, 1)


@pytest.mark.parametrize(("answer", "left", "status"), [("y\n", 0, 0), ("n\n", 1, REFUSED), ("", 1, REFUSED)])
def test_whoever_is_there_is_asked(answer: str, left: int, status: int, office: Office) -> None:
    key_id = office.key()
    office.interactive = True

    result = office.run("delete", key_id, answer=answer)

    assert (result.exit_code, len(office.kept())) == (status, left)
    assert f"Delete the key {key_id} of acme, never used?" in result.output


@pytest.mark.parametrize("command", [["disable"], ["delete", "--yes"]])
def test_a_key_that_is_not_there_cannot_be_revoked(command: list[str], office: Office) -> None:
    assert (
        one_sentence(office.run(*command, "abcdefghijklmnop")) == "Error: There is no key abcdefghijklmnop.\n"
    )


@pytest.mark.parametrize("command", [["show"], ["disable"], ["delete", "--yes"]])
def test_a_whole_key_that_was_found_somewhere_stands_for_its_id(command: list[str], office: Office) -> None:
    text = office.json("create", "acme", "--scope", "all")["key"]

    result = office.done(*command, text)

    assert str(office.audit[0]["key_id"]) in result.stdout
    assert text not in result.output


@pytest.mark.parametrize(
    "command", [["create", "--scope", "all"], ["rotate"], ["show"], ["disable"], ["delete", "--yes"]]
)
@pytest.mark.parametrize("flaw", ["", "x", "-"])
def test_a_key_in_a_wrong_place_is_never_repeated(command: list[str], flaw: str, office: Office) -> None:
    text = KeyText("prod", "abcdefghijklmnop", "0" * 43)

    result = office.run(*command, f"{text}{flaw}")

    assert (result.exit_code != 0, text.secret in result.output) == (True, False)


# the audit -------------------------------------------------------------------------------------------------------


def test_every_change_is_written_down_with_who_made_it(office: Office) -> None:
    first = office.key(
        "acme", "--prefix", "a", "--plan", "free", "--limit", "reads_per_minute=7", "--expires-in", "7d"
    )
    second = office.json("rotate", "acme")["key_id"]
    office.done("disable", first)
    office.done("delete", first, "--yes")

    new = {
        "client": "acme",
        "actor": "alice@bastion",
        "scopes": ["files:read", "files:write", "files:delete", "files:generate"],
        "prefix": "a/",
        "plan": "free",
        "limits": {"reads_per_minute": 7},
        "expires_at": "2026-12-01T17:02:09Z",
    }
    assert office.audit == [
        {"event": "key_created", "key_id": first, **new},
        {
            "event": "key_rotated",
            "key_id": second,
            **new,
            "old_key_id": first,
            "old_expires_at": "2026-11-25T17:02:09Z",
        },
        {"event": "key_disabled", "key_id": first, "client": "acme", "actor": "alice@bastion"},
        {"event": "key_deleted", "key_id": first, "client": "acme", "actor": "alice@bastion"},
    ]


def test_neither_a_secret_nor_a_hash_is_written_down_or_shown_later(office: Office) -> None:
    texts = [
        read_key(office.json("create", "acme", "--scope", "all")["key"]),
        read_key(office.json("rotate", "acme")["key"]),
    ]

    said = json.dumps(office.audit)
    for command in (["list"], ["list", "--json"], ["show", "acme"], ["show", "acme", "--json"]):
        said += office.done(*command).output

    for text in texts:
        assert text is not None
        assert (text.key_id in said, text.secret in said, text.secret_hash in said) == (True, False, False)


def test_the_actor_is_whoever_was_there_before_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "ip-10-0-0-1")

    assert find_actor({"SUDO_USER": "ssm-user", "USER": "root"}) == "ssm-user@ip-10-0-0-1"


def test_the_actor_is_who_the_system_knows_not_who_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "ip-10-0-0-1")
    monkeypatch.setattr("os.getuid", lambda: 0)

    assert find_actor({"USER": "mallory", "LOGNAME": "mallory"}) == "root@ip-10-0-0-1"


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "ip-10-0-0-1")
    monkeypatch.setattr("os.getuid", lambda: 4_000_000)

    assert find_actor({}) == "uid 4000000@ip-10-0-0-1"


# trouble ---------------------------------------------------------------------------------------------------------


def test_a_table_that_cannot_be_reached_is_said_in_a_sentence_with_the_reason(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable() -> Iterable[ApiKey]:
        raise AccessUnavailable("Not now.") from OSError("Unable to locate\ncredentials")

    monkeypatch.setattr(office.store, "all", unavailable)

    assert one_sentence(office.run("list")) == (
        "Error: The table of keys cannot be used now: Unable to locate credentials\n"
    )


def test_a_missing_setting_is_said_in_a_sentence_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FILES_API_KEYS_TABLE", raising=False)
    monkeypatch.setattr(key_desk, "DEFAULT_SETTINGS_FILE", tmp_path / "nowhere")

    assert "FILES_API_KEYS_TABLE is missing" in one_sentence(CliRunner().invoke(main, ["keys", "list"]))


def test_a_settings_file_that_may_not_be_read_is_hinted_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "environment"
    file.touch()
    monkeypatch.delenv("FILES_API_KEYS_TABLE", raising=False)
    monkeypatch.setattr(key_desk, "DEFAULT_SETTINGS_FILE", file)
    # root may read everything, and tests may be run by it
    monkeypatch.setattr("os.access", lambda path, mode: path != file)

    said = one_sentence(CliRunner().invoke(main, ["keys", "list"]))

    assert f"({file} may not be read by you: try sudo.)" in said


def test_a_settings_file_that_cannot_be_understood_is_named(tmp_path: Path) -> None:
    file = tmp_path / "environment"
    file.write_text("FILES_API_KEYS_TABLE='keys")

    said = one_sentence(CliRunner().invoke(main, ["--settings-file", str(file), "keys", "list"]))

    assert said == f"Error: {file}: the quote in line 1 is not closed.\n"


def test_a_settings_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--settings-file", str(tmp_path / "nowhere"), "keys", "list"])

    assert (result.exit_code, "nowhere" in result.stderr) == (USAGE, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["keys", "--help"],
        *(["keys", name, "--help"] for name in ("create", "list", "show", "rotate", "disable", "delete")),
    ],
)
def test_help_needs_neither_settings_nor_keys(arguments: list[str]) -> None:
    def nobody() -> Desk:
        raise AssertionError("the desk was opened")

    result = CliRunner().invoke(main, arguments, obj=nobody)

    assert (result.exit_code, result.stdout.startswith("Usage: ")) == (0, True)


def test_the_version_is_that_of_the_package() -> None:
    assert re.fullmatch(
        r"files-api, version [0-9]+\.[0-9]+\.[0-9]+\S*\n", CliRunner().invoke(main, ["--version"]).stdout
    )
