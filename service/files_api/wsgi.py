"""What gunicorn loads, in each worker after the fork."""

from files_api.app import create_app
from files_api.settings import Settings

app = create_app(Settings.from_env())
