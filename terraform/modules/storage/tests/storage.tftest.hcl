# What must hold of the plan, without AWS. The mocked data sources give what the module computes with.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-central-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
  # Known while planning, so that what policies say of it can be asserted.
  mock_resource "aws_s3_bucket" {
    defaults        = { arn = "arn:aws:s3:::files-api-dev-mocked" }
    override_during = plan
  }
  mock_resource "aws_kms_key" {
    defaults        = { arn = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555" }
    override_during = plan
  }
}

variables {
  name                    = "files-api-dev"
  deletion_protection     = true
  noncurrent_version_days = 30
  log_retention_days      = 90
}

run "buckets_are_closed_to_the_public" {
  command = plan

  assert {
    condition = alltrue([
      for block in [aws_s3_bucket_public_access_block.files, aws_s3_bucket_public_access_block.logs] :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "all four ways to make a bucket public are blocked, for both buckets"
  }
  assert {
    condition = alltrue([
      for controls in [aws_s3_bucket_ownership_controls.files, aws_s3_bucket_ownership_controls.logs] :
      controls.rule[0].object_ownership == "BucketOwnerEnforced"
    ])
    error_message = "ACLs are off: who uploads owns nothing"
  }
}

run "nothing_goes_in_or_out_without_tls_1_2" {
  command = plan

  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.tls_only :
      length([
        for statement in document.statement : statement
        if statement.effect == "Deny" && statement.actions == toset(["s3:*"]) && length(statement.resources) == 2 && anytrue([
          for condition in statement.condition : condition.variable == "aws:SecureTransport" && condition.values == tolist(["false"])
        ])
      ]) == 1
    ])
    error_message = "a request in clear is denied, on the bucket and on what is in it"
  }
  assert {
    condition = alltrue([
      for document in data.aws_iam_policy_document.tls_only : anytrue([
        for statement in document.statement : statement.effect == "Deny" && anytrue([
          for condition in statement.condition : condition.test == "NumericLessThan" && condition.variable == "s3:TlsVersion" && condition.values == tolist(["1.2"])
        ])
      ])
    ])
    error_message = "TLS before 1.2 is denied"
  }
  assert {
    condition     = toset(keys(data.aws_iam_policy_document.tls_only)) == toset(["files", "logs"])
    error_message = "both buckets have it"
  }
}

run "files_are_encrypted_with_a_key_of_our_own_that_rotates" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.files.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "files are encrypted by KMS"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.files.rule).bucket_key_enabled
    error_message = "a bucket key, or each file would cost a call of KMS"
  }
  assert {
    condition     = aws_kms_key.data.enable_key_rotation
    error_message = "the key rotates"
  }
  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.keys, aws_dynamodb_table.state] : table.server_side_encryption[0].enabled && table.server_side_encryption[0].kms_key_arn == aws_kms_key.data.arn])
    error_message = "tables are encrypted with the same key"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.logs.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "AES256"
    error_message = "the load balancer can write to a bucket with SSE-S3 only"
  }
}

run "what_was_replaced_can_be_restored_and_what_was_left_over_goes" {
  command = plan

  assert {
    condition     = aws_s3_bucket_versioning.files.versioning_configuration[0].status == "Enabled"
    error_message = "old versions are kept"
  }
  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.files.rule : rule if rule.id == "expire-old-versions"]).noncurrent_version_expiration[0].noncurrent_days == 30
    error_message = "for as long as was asked for"
  }
  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.files.rule : rule if rule.id == "expire-old-versions"]).expiration[0].expired_object_delete_marker
    error_message = "markers without versions go"
  }
  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.files.rule : rule if rule.id == "abort-incomplete-uploads"]).abort_incomplete_multipart_upload[0].days_after_initiation == 7
    error_message = "parts of uploads that nobody ended go"
  }
  assert {
    condition     = one(aws_s3_bucket_lifecycle_configuration.logs.rule).expiration[0].days == 90
    error_message = "access logs go"
  }
  assert {
    condition     = length([for rule in aws_s3_bucket_lifecycle_configuration.files.rule : rule if length(rule.transition) > 0]) == 0
    error_message = "nothing changes its storage class unless asked for"
  }
}

run "tables_are_as_the_service_knows_them" {
  command = plan

  assert {
    condition = alltrue([
      for table in [aws_dynamodb_table.keys, aws_dynamodb_table.state] :
      table.hash_key == "pk" && table.range_key == null && one(table.attribute).type == "S" && table.billing_mode == "PAY_PER_REQUEST"
    ])
    error_message = "one string key, pk, and billed on demand"
  }
  assert {
    condition     = aws_dynamodb_table.state.ttl[0].enabled && aws_dynamodb_table.state.ttl[0].attribute_name == "expires_at"
    error_message = "items of the state table go by themselves"
  }
  assert {
    condition     = length([for ttl in aws_dynamodb_table.keys.ttl : ttl if ttl.enabled]) == 0
    error_message = "keys never do: an expired key has an expires_at, too, and is still to be seen in lists"
  }
  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.keys, aws_dynamodb_table.state] : table.point_in_time_recovery[0].enabled])
    error_message = "every second of the last 35 days can be restored"
  }
}

run "protected_production_refuses_to_be_destroyed" {
  command = plan

  assert {
    condition     = length(terraform_data.guard) == 1
    error_message = "the guard is there"
  }
  assert {
    condition     = alltrue([for table in [aws_dynamodb_table.keys, aws_dynamodb_table.state] : table.deletion_protection_enabled])
    error_message = "DynamoDB refuses, too, whoever asks"
  }
  assert {
    condition     = !aws_s3_bucket.files.force_destroy && !aws_s3_bucket.logs.force_destroy
    error_message = "a bucket with files in it is not emptied"
  }
}

run "development_can_be_destroyed" {
  command = plan
  variables { deletion_protection = false }

  assert {
    condition     = length(terraform_data.guard) == 0
    error_message = "no guard"
  }
  assert {
    condition     = aws_s3_bucket.files.force_destroy && aws_s3_bucket.logs.force_destroy && !aws_dynamodb_table.keys.deletion_protection_enabled
    error_message = "it goes, with what is in it"
  }
}

run "only_our_load_balancers_and_our_bucket_write_logs" {
  command = plan

  assert {
    condition     = aws_s3_bucket_logging.files.target_prefix == "s3/"
    error_message = "access logs of the files' bucket lie under s3/"
  }
  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.logs.statement :
      statement.actions == toset(["s3:PutObject"]) && alltrue([
        for wanted in ["aws:SourceAccount", "aws:SourceArn"] : contains([for condition in statement.condition : condition.variable], wanted)
      ])
    ])
    error_message = "services of Amazon's may write, for this account's own things alone"
  }
  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.logs.statement : [for principal in statement.principals : principal.identifiers]
    ])) == toset(["logdelivery.elasticloadbalancing.amazonaws.com", "logging.s3.amazonaws.com"])
    error_message = "the load balancer's log delivery, and S3's"
  }
}

run "browsers_get_in_by_their_origin_only" {
  command = plan
  variables { cors_origins = ["https://app.example.com"] }

  assert {
    condition     = one(aws_s3_bucket_cors_configuration.files[0].cors_rule).allowed_origins == toset(["https://app.example.com"])
    error_message = "the origin that was named"
  }
  assert {
    condition     = one(aws_s3_bucket_cors_configuration.files[0].cors_rule).allowed_methods == toset(["GET", "HEAD"])
    error_message = "to read: whatever writes goes through the service"
  }
}

run "without_origins_there_is_no_cors" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_cors_configuration.files) == 0
    error_message = "no browser application, no CORS"
  }
}

run "switches_are_off_unless_asked_for" {
  command = plan

  assert {
    condition     = length(aws_s3_bucket_replication_configuration.files) + length(aws_iam_role.replication) + length(aws_backup_vault.this) + length(aws_iam_role.backup) == 0
    error_message = "replication and backup cost money"
  }
}

run "intelligent_tiering_takes_files_at_once" {
  command = plan
  variables { enable_intelligent_tiering = true }

  assert {
    condition = anytrue([
      for rule in aws_s3_bucket_lifecycle_configuration.files.rule : anytrue([
        for transition in rule.transition : transition.storage_class == "INTELLIGENT_TIERING" && transition.days == 0
      ])
    ])
    error_message = "S3 watches files from their first day"
  }
}

run "replication_copies_what_is_encrypted_and_what_is_deleted" {
  command = plan
  variables {
    enable_replication       = true
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/files-api-dev-boundary"
    replica = {
      bucket_arn  = "arn:aws:s3:::files-api-dev-replica-123456789012"
      kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/1"
      region      = "eu-west-1"
    }
  }

  assert {
    condition     = aws_s3_bucket_replication_configuration.files[0].rule[0].source_selection_criteria[0].sse_kms_encrypted_objects[0].status == "Enabled"
    error_message = "without it S3 leaves out what KMS has encrypted: everything"
  }
  assert {
    condition     = aws_s3_bucket_replication_configuration.files[0].rule[0].delete_marker_replication[0].status == "Enabled"
    error_message = "what was deleted here is not there, either"
  }
  assert {
    condition     = aws_s3_bucket_replication_configuration.files[0].rule[0].destination[0].encryption_configuration[0].replica_kms_key_id == "arn:aws:kms:eu-west-1:123456789012:key/1"
    error_message = "the copy is encrypted with the other region's key"
  }
  assert {
    condition     = aws_iam_role.replication[0].permissions_boundary == "arn:aws:iam::123456789012:policy/files-api-dev-boundary"
    error_message = "the role has the boundary"
  }
}

run "backup_takes_files_and_keys" {
  command = plan
  variables {
    enable_backup            = true
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/files-api-dev-boundary"
  }

  assert {
    condition     = one(one(aws_backup_plan.this[0].rule).lifecycle).delete_after == 35
    error_message = "backups go after five weeks"
  }
  assert {
    condition     = aws_backup_vault.this[0].kms_key_arn == aws_kms_key.data.arn
    error_message = "backups are encrypted like what they are of"
  }
  assert {
    condition     = aws_iam_role.backup[0].permissions_boundary == "arn:aws:iam::123456789012:policy/files-api-dev-boundary"
    error_message = "the role has the boundary"
  }
}
