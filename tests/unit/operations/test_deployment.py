"""What a deployment checks before it changes anything. What it does then, tests/infra shows with a real Terraform."""

from __future__ import annotations

from typing import Any

import pytest

from files_api.operations.cloud.groups import Group, Member
from files_api.operations.cloud.images import Image
from files_api.operations.cloud.refreshes import Refresh
from files_api.operations.deployment import Deployments
from files_api.operations.errors import NotReadyError
from files_api.operations.naming import Environment
from files_api.operations.running import running_images, serving_group

DEV = Environment("dev")


class Groups:
    def __init__(self, *groups: Group) -> None:
        self._groups = {group.name: group for group in groups}

    def read(self, name: str) -> Group | None:
        return self._groups.get(name)


class Images:
    def __init__(self, *images: Image) -> None:
        self._images = {image.image_id: image for image in images}

    def read(self, image_id: str) -> Image | None:
        return self._images.get(image_id)


class Parameters:
    def __init__(self, values: dict[str, str]) -> None:
        self.values = values

    def read(self, name: str) -> str | None:
        return self.values.get(name)

    def history(self, name: str) -> list[Any]:
        return []

    def write(self, *_arguments: str) -> None:
        raise AssertionError("nothing may be written")


class Refreshes:
    def __init__(self, newest: Refresh | None = None) -> None:
        self._newest = newest

    def newest(self, _group: str) -> Refresh | None:
        return self._newest


def _group(fleet: str = "blue", desired: int = 2, *images: str) -> Group:
    members = tuple(Member(f"i-{at}", image, "x86_64", "a", "InService") for at, image in enumerate(images))
    return Group(DEV.group(fleet), desired, frozenset({("lt-1", "1")}), ("arn:tg",), members)


def _image(image_id: str, architecture: str = "x86_64", state: str = "available") -> Image:
    return Image(image_id, image_id, state, architecture, created="")


def _deployments(
    *images: Image, groups: tuple[Group, ...] = (_group(),), refresh: Refresh | None = None
) -> Deployments:
    doubles: dict[str, Any] = {
        "groups": Groups(*groups),
        "images": Images(*images),
        "parameters": Parameters({DEV.ami_parameter("blue", "x86_64"): "ami-old"}),
        "refreshes": Refreshes(refresh),
        "follower": None,
        "terraform": None,
    }
    return Deployments(environment=DEV, say=lambda _line: None, **doubles)


def test_an_image_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotReadyError, match="There is no image ami-1"):
        _deployments().deploy(None, ["ami-1"])


def test_an_image_that_is_not_ready_is_refused() -> None:
    with pytest.raises(NotReadyError, match="The image ami-1 is pending, not available"):
        _deployments(_image("ami-1", state="pending")).deploy(None, ["ami-1"])


def test_an_image_for_another_processor_is_refused() -> None:
    with pytest.raises(
        NotReadyError, match="ami-1 is for arm64, and the fleet blue has no image of that kind"
    ):
        _deployments(_image("ami-1", "arm64")).deploy(None, ["ami-1"])


def test_two_images_for_one_processor_are_refused() -> None:
    with pytest.raises(NotReadyError, match="ami-1 and ami-2 are both for x86_64"):
        _deployments(_image("ami-1"), _image("ami-2")).deploy(None, ["ami-1", "ami-2"])


def test_nothing_is_begun_while_a_refresh_goes_on() -> None:
    with pytest.raises(
        NotReadyError, match="A refresh of files-api-dev-blue goes on already: InProgress, 20 %"
    ):
        _deployments(_image("ami-1"), refresh=Refresh("r-1", "InProgress", percentage=20)).deploy(
            None, ["ami-1"]
        )


def test_an_environment_that_is_not_there_is_said() -> None:
    with pytest.raises(NotReadyError, match="dev has no instances yet: run `make tf-apply ENV=dev` first"):
        _deployments(_image("ami-1"), groups=()).deploy(None, ["ami-1"])


def test_a_fleet_that_is_not_there_is_said() -> None:
    with pytest.raises(NotReadyError, match="There is no Auto Scaling group files-api-dev-green"):
        _deployments(_image("ami-1")).deploy("green", ["ami-1"])


def test_there_is_nothing_to_go_back_to_at_first() -> None:
    with pytest.raises(NotReadyError, match="The fleet blue of dev never ran another image"):
        _deployments().roll_back(None)


def test_the_only_fleet_with_instances_is_the_one() -> None:
    groups: Any = Groups(_group("blue", 0), _group("green", 2))

    assert serving_group(groups, DEV).name == "files-api-dev-green"


def test_of_two_fleets_with_instances_one_must_be_named() -> None:
    groups: Any = Groups(_group("blue"), _group("green"))

    with pytest.raises(NotReadyError, match="say which, by FLEET=blue or FLEET=green"):
        serving_group(groups, DEV)


def test_what_runs_is_told_where_it_is_one_image() -> None:
    groups: Any = Groups(_group("blue", 2, "ami-1", "ami-1"))

    assert running_images(groups, DEV) == ["ami-1"]


@pytest.mark.parametrize("images", [(), ("ami-1", "ami-2")])
def test_what_runs_is_not_told_in_the_middle_of_a_change(images: tuple[str, ...]) -> None:
    groups: Any = Groups(_group("blue", 2, *images))

    with pytest.raises(NotReadyError, match="runs no single image"):
        running_images(groups, DEV)
