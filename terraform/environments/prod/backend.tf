# Where the state is, and its lock beside it. Bucket, region and key come of terraform/bootstrap (its output
# environment_backends): `make tf-init ENV=prod` hands them over, as `terraform init -backend-config=FILE` does.
#
# Nothing is said of encryption, so that the bucket's own default holds: its KMS key. `encrypt` without a key would ask for S3's.
terraform {
  backend "s3" {
    key          = "files-api/prod/terraform.tfstate"
    use_lockfile = true
  }
}
