"""`python -m files_api.instance` is `files-api-instance`."""

from files_api.instance.cli import main

main(prog_name="files-api-instance")
