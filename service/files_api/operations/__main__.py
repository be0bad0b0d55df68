"""`python -m files_api.operations`."""

from files_api.operations.commands import main

if __name__ == "__main__":
    main()
