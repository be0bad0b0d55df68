"""What `make run` and the tests start beside the service; not part of the wheel."""
