"""`docker compose up`: the service answers on its port, closed up as it should be everywhere."""

from __future__ import annotations

import json
import re
import socket
import threading
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.docker.stack import Stack

_STATUS = "import sys; print(open('/proc/self/status').read())"


def _status(stack: Stack) -> dict[str, str]:
    lines = stack.inside("python", "-c", _STATUS).stdout.splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def test_it_is_ready_on_its_port(stack: Stack) -> None:
    answer = stack.ask("GET", "/health/ready")

    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ok"})


def test_a_file_goes_in_and_out_and_away(stack: Stack) -> None:
    content = bytes(range(256)) * 4096

    assert (
        stack.ask("PUT", "/v1/files/a/b.bin", content, Content_Type="application/octet-stream").status == 201
    )
    assert stack.ask("GET", "/v1/files/a/b.bin").body == content
    assert stack.ask("DELETE", "/v1/files/a/b.bin").status == 204
    assert stack.ask("GET", "/v1/files/a/b.bin").status == 404


def test_the_stand_in_for_openai_makes_a_file(stack: Stack) -> None:
    wanted = {"file_path": "poems/autumn.txt", "file_type": "Text", "prompt": "A haiku about autumn."}

    made = stack.ask(
        "POST", "/v1/files/generated", json.dumps(wanted).encode(), Content_Type="application/json"
    )

    assert made.status == 201
    assert len(stack.ask("GET", "/v1/files/poems/autumn.txt").body) == json.loads(made.body)["size_bytes"]


def test_every_container_is_healthy(stack: Stack) -> None:
    health = {name: stack.inspect(name)["State"]["Health"]["Status"] for name in ("service", "aws", "openai")}

    assert health == {"service": "healthy", "aws": "healthy", "openai": "healthy"}


def test_nobody_but_this_machine_reaches_it(stack: Stack) -> None:
    bound = {
        name: [
            port["HostIp"]
            for ports in (stack.inspect(name)["NetworkSettings"]["Ports"] or {}).values()
            for port in ports or ()
        ]
        for name in ("service", "aws", "openai")
    }

    assert bound == {"service": ["127.0.0.1"], "aws": [], "openai": []}


@pytest.mark.parametrize("folder", ["/", "/etc", "/usr", "/opt/files-api", "/tmp", "/var/tmp", "/run"])
def test_its_root_cannot_be_written_even_where_anybody_could(stack: Stack, folder: str) -> None:
    done = stack.inside("python", "-c", f"open('{folder}/probe', 'w')")

    assert re.search(r"Read-only file system|Permission denied", done.stderr), done.stderr
    assert done.returncode != 0


def test_its_root_is_mounted_read_only(stack: Stack) -> None:
    mounts = stack.inside("cat", "/proc/mounts").stdout.splitlines()

    (root,) = (line.split()[3].split(",") for line in mounts if line.split()[1] == "/")
    assert "ro" in root


def test_it_is_not_root_and_cannot_become_it(stack: Stack) -> None:
    status = _status(stack)

    assert status["Uid"].split() == ["10001"] * 4
    assert status["NoNewPrivs"] == "1"


def test_it_has_no_capabilities(stack: Stack) -> None:
    status = _status(stack)

    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}


def test_its_system_calls_are_filtered(stack: Stack) -> None:
    assert _status(stack)["Seccomp"] == "2"


def test_locust_presses_it_and_no_request_fails(stack: Stack) -> None:
    done = stack.compose("--profile", "load", "run", "--rm", "--no-deps", "load", check=False)

    (total,) = re.findall(r"Aggregated +(\d+) +(\d+)\(", done.stdout + done.stderr)[:1]
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(total[0]) > 100
    assert int(total[1]) == 0


def test_a_change_of_the_source_is_built_and_served_while_one_watches(stack: Stack) -> None:
    source = stack.checkout / "service/files_api/app.py"
    was, before = source.read_text(encoding="utf-8"), stack.container()
    assert was.count('API_TITLE="Files API"') == 1
    watching = stack.watch()
    ended = threading.Timer(100, watching.kill)
    ended.start()
    try:
        _line_of(watching, r"[Ww]atch(ing)? (enabled|\[)")
        source.write_text(
            was.replace('API_TITLE="Files API"', 'API_TITLE="Files API, changed"'), encoding="utf-8"
        )
        _line_of(
            watching, r"Container \S+-service-1\s+Started|service.*(rebuilt|recreated|successfully built)"
        )
    finally:
        ended.cancel()
        watching.terminate()
        watching.communicate(timeout=20)
    stack.compose("up", "--detach", "--wait", "--wait-timeout", "60", "--no-build", "service")

    assert json.loads(stack.ask("GET", "/openapi.json").body)["info"]["title"] == "Files API, changed"
    assert stack.container() != before
    assert stack.inspect("service")["State"]["Health"]["Status"] == "healthy"


def _line_of(process: object, pattern: str) -> None:
    seen = []
    for line in process.stdout:  # type: ignore[attr-defined]
        seen.append(line)
        if re.search(pattern, line):
            return
    raise AssertionError(f"no line with {pattern}:\n{''.join(seen)}")


def test_it_lets_a_request_end_when_it_is_stopped(stack: Stack) -> None:
    """Comes last: the service is stopped."""
    body = b"x" * 100_000
    with socket.create_connection(("127.0.0.1", stack.port), timeout=30) as connection:
        connection.sendall(
            b"PUT /v1/files/slow.txt HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n"
            b"Content-Length: 100000\r\nConnection: close\r\n\r\n" + body[:50_000]
        )
        # It has begun: what is asked for beside it is answered.
        assert stack.ask("GET", "/health/live").status == 200
        stopping = threading.Thread(target=stack.compose, args=("stop", "service"))
        stopping.start()
        # Its own word that it has heard.
        _logged(stack, "Handling signal: term")
        connection.sendall(body[50_000:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
        stopping.join(60)

    assert answer.startswith(b"HTTP/1.1 201")
    assert stack.engine.run("inspect", "--format={{.State.ExitCode}}", _last(stack)).stdout.strip() == "0"


def _last(stack: Stack) -> str:
    return stack.compose("ps", "--all", "--quiet", "service").stdout.strip()


def _logged(stack: Stack, words: str) -> None:
    following = stack.engine.follow(
        "logs", "--follow", _last(stack), cwd=stack.checkout, env=stack.environment
    )
    ended = threading.Timer(30, following.kill)
    ended.start()
    try:
        _line_of(following, words)
    finally:
        ended.cancel()
        following.kill()
        following.communicate(timeout=20)
