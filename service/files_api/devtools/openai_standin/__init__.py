"""A server that answers like OpenAI, with real files and without a model, and that can be told to fail.

`python -m files_api.devtools.openai_standin --port 0` prints its URL on one line, for OPENAI_BASE_URL.
"""
