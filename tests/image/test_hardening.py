"""What a launched machine lets be done: probed from inside, with the service's own confinement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.image.cloud import Launched
    from tests.image.machine import Machine

#: All that systemd would hand to the service: looked at through the eyes of one of its processes.
_NO_CAPABILITIES = {"CapInh": 0, "CapPrm": 0, "CapEff": 0, "CapBnd": 0, "CapAmb": 0}


def _main_pid(machine: Machine) -> str:
    return machine.property_of("files-api.service", "MainPID")


def _inside(machine: Machine, script: str) -> str:
    """Run a script with the mounts and as the user of the service."""
    pid = _main_pid(machine)
    user = machine.run("id", "-u", "files-api").strip()
    group = machine.run("id", "-g", "files-api").strip()
    return machine.run(
        *("nsenter", f"--target={pid}", "--mount", "--", "setpriv", f"--reuid={user}", f"--regid={group}"),
        *("--clear-groups", "sh", "-c", script),
    )


def test_systemd_finds_the_service_little_exposed(instance: Launched) -> None:
    said = instance.machine.run("systemd-analyze", "security", "--no-pager", "files-api.service")

    found = re.search(r"exposure level for files-api.service: ([0-9.]+)", said)
    assert found is not None
    assert float(found[1]) <= 1.5, said


@pytest.mark.parametrize("unit", ["files-api-configure.service", "files-api-lifecycle.service"])
def test_what_runs_as_root_beside_it_is_not_much_more_exposed(instance: Launched, unit: str) -> None:
    said = instance.machine.run("systemd-analyze", "security", "--no-pager", unit)

    found = re.search(r"exposure level for \S+: ([0-9.]+)", said)
    assert found is not None
    assert float(found[1]) <= 2.0, said


def test_the_service_has_no_capability_whatever(instance: Launched) -> None:
    status = instance.machine.run("cat", f"/proc/{_main_pid(instance.machine)}/status")

    capabilities = {
        name: int(value, 16) for name, value in re.findall(r"^(Cap\w+):\s+(\w+)$", status, re.MULTILINE)
    }
    assert capabilities == _NO_CAPABILITIES


def test_the_service_is_under_a_filter_of_system_calls_and_gains_no_rights(instance: Launched) -> None:
    status = instance.machine.run("cat", f"/proc/{_main_pid(instance.machine)}/status")

    assert re.search(r"^Seccomp:\s+2$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\s+1$", status, re.MULTILINE)


def test_the_service_is_nobody_else(instance: Launched) -> None:
    assert instance.machine.run("ps", "-o", "user=", "-p", _main_pid(instance.machine)).strip() == "files-api"


@pytest.mark.parametrize("place", ["/etc", "/usr", "/opt/files-api", "/var", "/var/log/files-api", "/home"])
def test_the_service_writes_nowhere_on_the_system(instance: Launched, place: str) -> None:
    said = _inside(instance.machine, f"touch {place}/probe 2>&1; true")

    assert re.search(r"Read-only file system|Permission denied|No such file", said), said


def test_even_root_could_not_write_with_the_mounts_of_the_service(instance: Launched) -> None:
    pid = _main_pid(instance.machine)
    done = instance.machine.attempt(
        "nsenter", f"--target={pid}", "--mount", "touch", "/etc/probe", "/usr/probe"
    )

    assert done.returncode != 0
    assert done.stderr.count("Read-only file system") == 2


def test_what_is_written_to_its_tmp_can_never_be_run(instance: Launched) -> None:
    said = _inside(
        instance.machine, "cp /bin/true /tmp/probe; chmod 700 /tmp/probe; /tmp/probe 2>&1; rm /tmp/probe"
    )

    assert "Permission denied" in said


def test_its_tmp_is_its_own(instance: Launched) -> None:
    instance.machine.run("touch", "/tmp/outside")

    assert "outside" not in _inside(instance.machine, "ls /tmp")


def test_it_sees_no_processes_of_others(instance: Launched) -> None:
    seen = _inside(instance.machine, "ls -d /proc/[0-9]* | wc -l").strip()
    all_of_them = instance.machine.run("sh", "-c", "ls -d /proc/[0-9]* | wc -l").strip()

    assert int(seen) < int(all_of_them) / 2


def test_nobody_can_reach_the_machine_by_ssh(instance: Launched) -> None:
    listening = instance.machine.run("ss", "--listening", "--tcp", "--numeric", "--no-header")

    ports = {
        line.split()[3].rpartition(":")[2]
        for line in listening.splitlines()
        if "127.0.0." not in line
        # The tests' own stand-in for the metadata service, which on EC2 is not on the machine.
        and "169.254.169.254:" not in line
    }
    assert ports == {"8000"}


def test_no_ssh_server_waits_anywhere_else_either(instance: Launched) -> None:
    units = ("--type=service,socket", "--state=running,listening", "--plain", "--no-legend", "ssh*")

    assert instance.machine.run("systemctl", "list-units", *units) == ""
    assert instance.machine.attempt("pgrep", "sshd").stdout == ""


def test_no_account_has_a_password_or_a_key(instance: Launched) -> None:
    shadow = instance.machine.run("cat", "/etc/shadow")

    assert [
        line for line in shadow.splitlines() if line.split(":")[1] not in {"*", "!", "!*", "!!", "!x"}
    ] == []
    assert instance.machine.run("find", "/root", "/home", "-name", "authorized_keys", "-size", "+0") == ""


def test_gunicorn_has_no_control_socket(instance: Launched) -> None:
    listening = instance.machine.run("ss", "--listening", "--unix", "--processes", "--no-header")

    assert "gunicorn" not in listening
    assert instance.machine.run("find", "/opt/files-api", "/tmp", "/run", "-name", "*gunicorn*.ctl") == ""


def test_the_settings_are_for_root_and_the_service_alone(instance: Launched) -> None:
    said = instance.machine.run("stat", "--format=%U:%G %a", "/etc/files-api/environment")

    assert said.strip() == "root:files-api 640"


def test_secrets_are_nowhere_on_the_disk(instance: Launched) -> None:
    from tests.integration.stack import SECRET  # noqa: PLC0415  # named where it is looked for

    found = instance.machine.attempt("grep", "-rIl", SECRET, "/etc", "/opt", "/run", "/tmp", "/var", "/root")

    assert found.stdout == ""


def test_security_updates_come_by_themselves(instance: Launched) -> None:
    said = instance.machine.run("apt-config", "dump")

    assert 'APT::Periodic::Unattended-Upgrade "1";' in said
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in said
    assert instance.machine.run(
        "systemctl", "is-enabled", "apt-daily-upgrade.timer", "apt-daily.timer"
    ).split() == [
        "enabled",
        "enabled",
    ]


def test_the_time_comes_from_ec2(instance: Launched) -> None:
    assert instance.machine.run("systemctl", "is-enabled", "chrony.service").strip() == "enabled"
    assert "server 169.254.169.123 prefer" in instance.machine.run("cat", "/etc/chrony/chrony.conf")


def test_the_journal_is_bounded(instance: Launched) -> None:
    assert "SystemMaxUse=200M" in instance.machine.run(
        "systemd-analyze", "cat-config", "systemd/journald.conf"
    )
