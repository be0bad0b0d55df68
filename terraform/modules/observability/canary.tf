# A canary sees what the load balancer's counts cannot: that the name resolves, that the certificate is good, that the
# firewall lets a client in. docs/infrastructure.md says what its alarm means.

locals {
  canaries    = var.enable_synthetics ? 1 : 0
  canary_name = "${var.name}-canary"

  # Synthetics ends support of a runtime about a year after its successor's successor:
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Synthetics_Library_python_selenium.html
  canary_runtime = "syn-python-selenium-14.0"
  canary_source  = "${path.module}/canary/canary.py"
  # The path tells the provider that there is something new: it looks at neither the content nor, for a new runtime, at
  # whether AWS also wants the code again (https://github.com/hashicorp/terraform-provider-aws/issues/46792). Below
  # .terraform, which is nobody's to commit.
  canary_package = "${path.root}/.terraform/${local.canary_name}-${substr(sha256("${local.canary_runtime}${filesha256(local.canary_source)}"), 0, 12)}.zip"

  canary_artifacts_days = 31
}

# Synthetics takes a zip file alone. It is made at apply by the Python that the repository needs anyway.
resource "terraform_data" "canary_package" {
  count = local.canaries

  # Also where the canary is made anew under another name, by somebody who has not made the package before.
  triggers_replace = [local.canary_package, local.canary_name]

  provisioner "local-exec" {
    command = "python3 '${path.module}/canary/package.py' '${local.canary_source}' '${local.canary_package}'"
  }
}

resource "aws_synthetics_canary" "this" {
  count = local.canaries

  name                 = local.canary_name
  runtime_version      = local.canary_runtime
  handler              = "canary.handler"
  zip_file             = local.canary_package
  execution_role_arn   = aws_iam_role.canary[0].arn
  artifact_s3_location = "s3://${aws_s3_bucket.canary[0].bucket}/"
  start_canary         = true
  # Its function and layer go with it, or they would stay behind for ever.
  delete_lambda            = true
  success_retention_period = local.canary_artifacts_days
  failure_retention_period = local.canary_artifacts_days

  artifact_config {
    s3_encryption {
      encryption_mode = "SSE_KMS"
      kms_key_arn     = aws_kms_key.this.arn
    }
  }

  run_config {
    # A run asks the service five times, with 10 seconds for each answer.
    timeout_in_seconds = 60
    memory_in_mb       = 960

    environment_variables = merge(
      { SERVICE_URL = var.url },
      var.synthetics_key_parameter == null ? {} : { KEY_PARAMETER = var.synthetics_key_parameter },
    )
  }

  schedule {
    expression = "rate(${var.synthetics_interval_minutes} minute${var.synthetics_interval_minutes == 1 ? "" : "s"})"
  }

  depends_on = [terraform_data.canary_package, aws_iam_role_policy.canary]
}

# Named by Synthetics, and made here, for its retention and its key: the canary's role may not make one. What a run writes
# before the group is there is lost.
resource "aws_cloudwatch_log_group" "canary" {
  #checkov:skip=CKV_AWS_338:What a health check printed is of no use after a year
  count = local.canaries

  name              = "/aws/lambda/${split(":", aws_synthetics_canary.this[0].engine_arn)[6]}"
  retention_in_days = var.log_retention_days
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_cloudwatch_metric_alarm" "canary" {
  count = local.canaries

  alarm_name          = "${var.name}-canary-failing"
  alarm_description   = "Two runs of the canary after one another have failed: clients do not reach the service. docs/infrastructure.md#the-canary"
  namespace           = "CloudWatchSynthetics"
  metric_name         = "SuccessPercent"
  dimensions          = { CanaryName = aws_synthetics_canary.this[0].name }
  statistic           = "Average"
  period              = 60 * var.synthetics_interval_minutes
  comparison_operator = "LessThanThreshold"
  threshold           = 100
  evaluation_periods  = 2
  datapoints_to_alarm = 2
  # A canary that does not run tells nothing about the service.
  treat_missing_data = "ignore"
  alarm_actions      = local.told["page"]
  ok_actions         = local.told["page"]
}
