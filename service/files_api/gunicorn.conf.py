"""How gunicorn serves the API, on a laptop and in production alike. Each setting has its reason.

https://gunicorn.org/reference/settings/
"""

import sys

from files_api.server.log import ServerLog
from files_api.server.worker import make_worker_class
from files_api.settings import Settings, SettingsError
from files_api.telemetry.logs import logging_config

try:
    _settings = Settings.from_env()
except SettingsError as error:
    sys.exit(f"files-api: {error}")

wsgi_app = "files_api.wsgi:app"
bind = f"{_settings.host}:{_settings.port}"
workers = _settings.worker_processes
# gevent: a client that takes its time costs a greenlet, not a thread that nobody else can use (docs/architecture.md).
worker_class = make_worker_class(_settings)
worker_connections = _settings.worker_connections
# Under gevent this only notices a worker whose event loop stands still; limits on requests are set elsewhere.
timeout = 60
graceful_timeout = int(_settings.shutdown_grace_seconds)
# A connection that the load balancer believes open must not be closed here: its request would fail with 502.
keepalive = int(_settings.keep_alive_seconds)
# The longest request line that gunicorn takes: a path of 1,024 bytes, all percent-encoded, is 3 KiB.
limit_request_line = 8190
# Any method that is a token reaches the application, which answers 405 with Allow.
permit_unconventional_http_method = True
# A header with an underscore would be dropped without a word; metadata must not be lost silently.
header_map = "refuse"
# Nothing reads it, and under a dynamic user it would be written into a literal `~`.
control_socket_disable = True
# The application writes one line per request itself, when the last byte has left.
accesslog = None
logger_class = ServerLog
logconfig_dict = logging_config(_settings.log_level)
proc_name = "files-api"
