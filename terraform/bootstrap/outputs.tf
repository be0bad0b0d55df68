output "state_bucket" {
  description = "Name of the bucket of states."
  value       = aws_s3_bucket.state.id

  depends_on = [aws_s3_bucket_versioning.state, aws_s3_bucket_policy.state]
}

output "backend" {
  description = "The backend of bootstrap itself: what `make tf-bootstrap` writes to backend.tf."
  value       = <<-TERRAFORM
    terraform {
      backend "s3" {
        bucket       = "${aws_s3_bucket.state.id}"
        key          = "${local.project}/bootstrap/terraform.tfstate"
        region       = "${var.region}"
        encrypt      = true
        kms_key_id   = "${aws_kms_key.state.arn}"
        use_lockfile = true
      }
    }
  TERRAFORM
}

output "environment_backends" {
  description = "The backend of each environment, by name: the text of a file for `terraform init -backend-config=FILE`."
  value = {
    for environment in keys(var.environments) : environment => <<-TERRAFORM
      bucket       = "${aws_s3_bucket.state.id}"
      key          = "${local.project}/${environment}/terraform.tfstate"
      region       = "${var.region}"
      encrypt      = true
      kms_key_id   = "${aws_kms_key.state.arn}"
      use_lockfile = true
    TERRAFORM
  }
}

output "apply_role_arns" {
  description = "Roles that apply an environment, by its name: for GitHub's environment of the same name."
  value       = { for environment, role in aws_iam_role.apply : environment => role.arn }
}

output "plan_role_arn" {
  description = "Role of the pipeline on main that plans."
  value       = aws_iam_role.plan["plan"].arn
}

output "review_role_arn" {
  description = "Role of pull requests, which plans without secrets (-refresh=false)."
  value       = aws_iam_role.plan["review"].arn
}

output "image_role_arn" {
  description = "Role of the pipeline that builds images."
  value       = aws_iam_role.image.arn
}

output "image_builder_instance_profile" {
  description = "Instance profile of the instance on which Packer builds."
  value       = aws_iam_instance_profile.image_builder.name
}

output "permissions_boundary_arns" {
  description = "What bounds roles that the pipeline makes, by environment: the modules' permissions_boundary_arn."
  value       = { for environment, policy in aws_iam_policy.boundary : environment => policy.arn }
}

output "session_log_group" {
  description = "Log group with the records of sessions; null without enable_session_preferences."
  value       = one(aws_cloudwatch_log_group.sessions[*].name)
}
