"""A group with a load balancer's targets, made by hand, for the tests of the emulator itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.infra.emulated_aws import EmulatedAws

_ENDED = {"Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"}
#: More looks than any refresh takes.
_LOOKS = 1000


class Group:
    """An Auto Scaling group of four instances.

    Args:
        aws: Where.
        name: Its name, and that of everything that belongs to it.
    """

    def __init__(self, aws: EmulatedAws, name: str, *, desired: int = 4) -> None:
        self.name = name
        self.ec2: Any = aws.client("ec2")
        self.autoscaling: Any = aws.client("autoscaling")
        self.elb: Any = aws.client("elbv2")
        subnets = self.ec2.describe_subnets()["Subnets"][:2]
        self.template = self.ec2.create_launch_template(
            LaunchTemplateName=name,
            LaunchTemplateData={"ImageId": self.image("first"), "InstanceType": "t3.small"},
        )["LaunchTemplate"]["LaunchTemplateId"]
        self.targets = self.elb.create_target_group(
            Name=name, Protocol="HTTP", Port=8000, VpcId=subnets[0]["VpcId"]
        )["TargetGroups"][0]["TargetGroupArn"]
        self.elb.modify_target_group_attributes(
            TargetGroupArn=self.targets,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "60"}],
        )
        self.autoscaling.create_auto_scaling_group(
            AutoScalingGroupName=name,
            MinSize=1,
            MaxSize=12,
            DesiredCapacity=desired,
            LaunchTemplate=self.version("1"),
            VPCZoneIdentifier=",".join(subnet["SubnetId"] for subnet in subnets),
            TargetGroupARNs=[self.targets],
            HealthCheckType="ELB",
            DefaultInstanceWarmup=60,
        )
        for hook, transition in (("ready", "LAUNCHING"), ("drain", "TERMINATING")):
            self.autoscaling.put_lifecycle_hook(
                AutoScalingGroupName=name,
                LifecycleHookName=hook,
                LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
                HeartbeatTimeout=600,
                DefaultResult="ABANDON",
            )

    def image(self, name: str, *, boots: bool = True) -> str:
        """Register an image; one that does not boot is a release whose service never gets ready."""
        image: str = self.ec2.register_image(Name=f"{self.name}-{name}", RootDeviceName="/dev/xvda")[
            "ImageId"
        ]
        if not boots:
            self.ec2.create_tags(Resources=[image], Tags=[{"Key": "emulator:boots", "Value": "no"}])
        return image

    def version(self, number: str) -> dict[str, str]:
        return {"LaunchTemplateId": self.template, "Version": number}

    def new_version(self, image: str) -> str:
        """Add a version of the launch template with this image."""
        made = self.ec2.create_launch_template_version(
            LaunchTemplateId=self.template, SourceVersion="1", LaunchTemplateData={"ImageId": image}
        )
        return str(made["LaunchTemplateVersion"]["VersionNumber"])

    def start_refresh(self, version: str, **preferences: Any) -> None:
        """Start a refresh as the stack's own settings do, but for what is given."""
        self.autoscaling.start_instance_refresh(
            AutoScalingGroupName=self.name,
            DesiredConfiguration={"LaunchTemplate": self.version(version)},
            Preferences={
                "MinHealthyPercentage": 100,
                "MaxHealthyPercentage": 150,
                "AutoRollback": True,
                "SkipMatching": True,
                **preferences,
            },
        )

    def look(self) -> dict[str, Any]:
        """Look at the last refresh; time goes on by that."""
        found: dict[str, Any] = self.autoscaling.describe_instance_refreshes(AutoScalingGroupName=self.name)
        refresh: dict[str, Any] = found["InstanceRefreshes"][0]
        return refresh

    def follow(self) -> Iterator[dict[str, Any]]:
        """Look at the last refresh until it has ended."""
        for _ in range(_LOOKS):
            refresh = self.look()
            yield refresh
            if refresh["Status"] in _ENDED:
                return
        raise AssertionError(f"the refresh does not end: {refresh}")

    def end_of_refresh(self) -> dict[str, Any]:
        """Wait for it."""
        return list(self.follow())[-1]

    def target_states(self) -> list[str]:
        """The states of all targets, which is nothing that lets time go on."""
        described = self.elb.describe_target_health(TargetGroupArn=self.targets)
        return [target["TargetHealth"]["State"] for target in described["TargetHealthDescriptions"]]

    def described(self) -> dict[str, Any]:
        """Look at the group; time goes on by that."""
        found = self.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])
        group: dict[str, Any] = found["AutoScalingGroups"][0]
        return group

    def settle(self) -> dict[str, Any]:
        """Look until all that it should have is in service and healthy, and nothing else is there."""
        for _ in range(_LOOKS):
            group = self.described()
            in_service = [one for one in group["Instances"] if one["LifecycleState"] == "InService"]
            everything = len(in_service) == len(group["Instances"]) == group["DesiredCapacity"]
            if everything and self.target_states() == ["healthy"] * group["DesiredCapacity"]:
                return group
        raise AssertionError(f"the group does not settle: {group}")

    def versions(self) -> set[str]:
        """The versions of the launch template that its instances were launched from."""
        return {one["LaunchTemplate"]["Version"] for one in self.settle()["Instances"]}
