# How instances are replaced by new ones. In the words of the API (RefreshPreferences), since it is used twice: by the
# groups' instance_refresh, and by `make deploy`, which starts a refresh itself.
#
# Why it does: the provider first writes the new version into the group, and then starts the refresh
# (hashicorp/terraform-provider-aws issue 34189). AWS rolls back to what the group is configured with, which is the new
# version by then. So `make deploy` makes the new version of the launch template, starts the refresh with it as the
# desired configuration while the group still names the old one, and lets AWS move the group when all went well. A plain
# `apply` that changes a template also refreshes in steps and stops when an alarm rings; the way back is then
# `make rollback`.

locals {
  refresh_preferences = {
    MinHealthyPercentage  = local.min_healthy_percent
    MaxHealthyPercentage  = local.max_healthy_percent
    InstanceWarmup        = local.instance_warmup_seconds
    CheckpointPercentages = var.refresh_checkpoint_percentages
    CheckpointDelay       = var.refresh_checkpoint_delay_seconds
    # After a refresh that was stopped half way, the next one replaces the other half alone.
    SkipMatching = true
    AutoRollback = true
    AlarmSpecification = {
      Alarms = var.rollback_alarm_names
    }
  }
}
