"""What is kept in DynamoDB: API keys, the answers to idempotent requests, and what callers used of their quotas."""
