"""What operators do with a whole environment: `python -m files_api.operations`, behind make targets.

Runs on an operator's machine or in the pipeline, never on an instance, and is not in the wheel. What AWS is asked is in
`cloud/`, what is decided about the answers beside it, and what a person types in `commands/`.
"""
