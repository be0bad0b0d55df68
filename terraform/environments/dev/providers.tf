# By the tag Environment the pipeline's roles tell what is theirs to change (terraform/bootstrap).

locals {
  tags = {
    Project     = "files-api"
    Environment = local.environment
    ManagedBy   = "terraform"
    Repository  = var.github_repository
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = local.tags
  }
}

# Where the copies of the files are, with enable_replication.
provider "aws" {
  alias  = "replica"
  region = var.replica_region

  default_tags {
    tags = local.tags
  }
}
