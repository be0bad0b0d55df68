"""Files API: an HTTP service in front of one S3 bucket, with files made by OpenAI."""
