"""What `python -m files_api.devtools.dashboards` writes and checks, and whether CloudWatch would take it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import boto3
import pytest
from moto import mock_aws

from files_api.devtools.dashboards.__main__ import build_files, main
from files_api.devtools.dashboards.content import DASHBOARD
from files_api.devtools.dashboards.model import Target
from files_api.devtools.dashboards.picture import draw

ROOT = Path(__file__).parents[3]
VALUES = {
    "region": "eu-central-1",
    "environment": "prod",
    "load_balancer": "app/files-api/50dc6c495c0c9188",
    "target_group": "targetgroup/files-api/73e2d6bc24d8a067",
    "auto_scaling_group": "files-api-prod",
    "bucket": "files-of-prod",
}


def filled(template: str) -> Any:
    """What Terraform's templatefile makes of it."""
    return json.loads(re.sub(r"\$\{(\w+)\}", lambda found: VALUES[found[1]], template))


def text_of(name: str, tmp_path: Path) -> str:
    return build_files(tmp_path, tmp_path)[tmp_path / name]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


def test_the_files_in_the_repository_are_up_to_date() -> None:
    arguments = ["--check", str(ROOT / "observability"), "--pictures", str(ROOT / "docs/pictures")]

    assert main(arguments) == 0


def test_what_was_written_is_up_to_date(tmp_path: Path) -> None:
    where = [str(tmp_path), "--pictures", str(tmp_path / "pictures")]
    main(["--write", *where])

    assert main(["--check", *where]) == 0


def test_a_file_that_is_stale_fails_the_check_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = [str(tmp_path), "--pictures", str(tmp_path / "pictures")]
    main(["--write", *where])
    stale = tmp_path / "grafana/dashboards/local.json"
    stale.write_text("{}\n", encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        main(["--check", *where])

    told = f"{stale} is not what the source of the dashboards says: run `make observability`.\n"
    assert (ended.value.code, capsys.readouterr().err) == (1, told)


def test_a_file_that_is_missing_fails_the_check(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="1"):
        main(["--check", str(tmp_path), "--pictures", str(tmp_path)])


def test_the_same_source_makes_the_same_bytes(tmp_path: Path) -> None:
    assert build_files(tmp_path, tmp_path) == build_files(tmp_path, tmp_path)


def test_everything_but_pictures_is_json(tmp_path: Path) -> None:
    files = build_files(tmp_path, tmp_path / "pictures")
    documents = [json.loads(text) for path, text in files.items() if path.suffix != ".svg"]

    assert len(documents) == 4


@pytest.mark.parametrize("target", list(Target))
def test_a_picture_is_svg_and_shows_every_panel(target: Target) -> None:
    texts = {element.text for element in ET.fromstring(draw(DASHBOARD, target)).iter()}
    titles = {panel.title for row in DASHBOARD.for_target(target) for panel in row.panels}

    assert titles <= texts


@pytest.mark.usefixtures("aws")
def test_cloudwatch_takes_the_dashboard(tmp_path: Path) -> None:
    body = json.dumps(filled(text_of("cloudwatch/dashboard.json.tftpl", tmp_path)))
    with mock_aws():
        client = boto3.client("cloudwatch", region_name="eu-central-1")
        client.put_dashboard(DashboardName="files-api-prod", DashboardBody=body)

        kept = client.get_dashboard(DashboardName="files-api-prod")["DashboardBody"]

    assert json.loads(kept) == json.loads(body)


def test_saved_queries_are_what_terraform_and_cloudwatch_want_of_them(tmp_path: Path) -> None:
    for query in filled(text_of("cloudwatch/queries.json", tmp_path)):
        assert set(query) == {"name", "log_group_names", "query_string"}
        assert all(re.fullmatch(r"/[-a-z0-9/]+", group) for group in query["log_group_names"])
        # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutQueryDefinition.html
        assert len(query["name"]) <= 255
        assert len(query["query_string"]) <= 10_000
