"""What runs on an instance beside the service: it writes the settings, and takes the instance in and out of service.

Used of AWS, and so of IAM, by the instance's own role:

| action | on | by |
|---|---|---|
| ssm:GetParametersByPath | the path of the settings | parameters.py |
| autoscaling:CompleteLifecycleAction | the Auto Scaling groups | lifecycle_hooks.py |
| autoscaling:RecordLifecycleActionHeartbeat | the Auto Scaling groups | lifecycle_hooks.py |
| elasticloadbalancing:DeregisterTargets | the target groups | target_group.py |
| elasticloadbalancing:DescribeTargetHealth | *, since it knows no resources | target_group.py |

All else comes from the instance's metadata (metadata.py), which needs no rights.
"""
