"""The implementations of `domain.ports`: the only importers of boto3 and openai."""
