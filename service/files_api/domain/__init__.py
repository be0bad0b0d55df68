"""What files, paths, conditions and generations are; no HTTP, no S3, no OpenAI."""
