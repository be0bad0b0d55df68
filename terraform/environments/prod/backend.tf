# Where the state is, and its lock beside it. Bucket, region and key come of terraform/bootstrap (its output
# environment_backends): `make tf-init ENV=prod` hands them over, as `terraform init -backend-config=FILE` does.
terraform {
  backend "s3" {
    key          = "files-api/prod/terraform.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
