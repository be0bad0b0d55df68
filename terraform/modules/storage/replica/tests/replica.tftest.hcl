# What must hold of the plan, without AWS, and one wrong value for each validation.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  name                    = "files-api-prod"
  deletion_protection     = true
  noncurrent_version_days = 30
}

run "the_copy_is_as_closed_as_the_original" {
  command = plan

  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy && aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "nothing of it is public"
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "S3 replicates into versioned buckets only"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms" && aws_kms_key.this.enable_key_rotation
    error_message = "encrypted, with a key of this region that rotates"
  }
  assert {
    condition     = aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "ACLs are off"
  }
  assert {
    condition = anytrue([
      for statement in data.aws_iam_policy_document.tls_only.statement : statement.effect == "Deny" && anytrue([
        for condition in statement.condition : condition.variable == "aws:SecureTransport"
      ])
    ])
    error_message = "a request in clear is denied"
  }
  assert {
    condition     = length(terraform_data.guard) == 1 && !aws_s3_bucket.this.force_destroy
    error_message = "it refuses to be destroyed"
  }
  assert {
    condition     = output.replica.region == "eu-west-1"
    error_message = "it tells its region, so that the module storage can refuse its own"
  }
}

run "development_can_be_destroyed" {
  command = plan
  variables { deletion_protection = false }

  assert {
    condition     = length(terraform_data.guard) == 0 && aws_s3_bucket.this.force_destroy
    error_message = "it goes, with what is in it"
  }
}

run "name_is_too_long_for_a_bucket" {
  command         = plan
  expect_failures = [var.name]
  variables { name = "files-api-of-the-whole-department" }
}

run "old_versions_are_kept_for_a_fraction_of_a_day" {
  command         = plan
  expect_failures = [var.noncurrent_version_days]
  variables { noncurrent_version_days = 1.5 }
}
