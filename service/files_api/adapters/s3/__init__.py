"""The bucket: everything that speaks to S3."""
