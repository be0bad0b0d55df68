# The tables of service/files_api/adapters/dynamodb/tables.py, which is where their items are described.

locals {
  partition_key = "pk"
}

# API keys and which client has which. Small and precious.
resource "aws_dynamodb_table" "keys" {
  name                        = "${var.name}-keys"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = local.partition_key
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = local.partition_key
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.data.arn
  }
}

# Answers to idempotent requests, and what was used of quotas. Its items go by themselves.
resource "aws_dynamodb_table" "state" {
  name                        = "${var.name}-state"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = local.partition_key
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = local.partition_key
    type = "S"
  }

  ttl {
    enabled        = true
    attribute_name = "expires_at"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = aws_kms_key.data.arn
  }
}
