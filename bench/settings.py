"""The project as in production, on this machine and without a quota, with addresses to compare."""

import os
from pathlib import Path

from ftap.settings import *  # noqa: F403

ROOT_URLCONF = "bench.urls"
STATIC_ROOT = Path(os.environ["BENCH_FOLDER"]) / "static"
# The client is one network, and asks more in a minute than a reader may.
API_RATE = 10**9
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
