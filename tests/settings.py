"""The settings under test: the application's own, deaf to the machine's configuration.

Only DATABASE_URL is heard: it names the engine that the suite runs on.
"""

import os

# Every other variable that ftap.settings reads is given or taken away before it reads.
given = {
    "FTAP_ENV_FILE": "",
    "SECRET_KEY": "tests-only-key-that-opens-nothing-0123456789-abcdefghijklmnopqrstuvwxyz",
    "DEBUG": "false",
    "SECURE_SSL_REDIRECT": "false",
    "SECURE_HSTS_SECONDS": "0",
}
taken_away = {
    "ALLOWED_HOSTS",
    "ANNOUNCEMENT_TEXT_FORMATS",
    "ANNOUNCEMENT_TEXT_MAX_BYTES",
    "API_RATE",
    "ATTACHMENT_MAX_BYTES",
    "BEHIND_TLS_PROXY",
    "CONTACT_EMAIL",
    "CSRF_TRUSTED_ORIGINS",
    "DEFAULT_FROM_EMAIL",
    "EMAIL_URL",
    "EMBED_ANCESTORS",
    "EXPORT_MAX_ROWS",
    "IMPORT_FORMATS",
    "IMPORT_MAX_BYTES",
    "IMPORT_MAX_CELLS",
    "IMPORT_MAX_COLUMNS",
    "IMPORT_MAX_ROWS",
    "IMPORT_MAX_UNPACKED_BYTES",
    "LEGAL_HOST",
    "LEGAL_PUBLISHER",
    "LOG_LEVEL",
    "MEDIA_ROOT",
    "SITE_URL",
}
for name in taken_away:
    os.environ.pop(name, None)
os.environ |= given
os.environ.setdefault("DATABASE_URL", "sqlite://:memory:")

from ftap.settings import *  # noqa: E402, F403
from ftap.settings import DATABASES, STORAGES  # noqa: E402

# A thread of a test must not keep its connection: the test database could not be dropped.
DATABASES["default"]["CONN_MAX_AGE"] = 0
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # The test database need not outlive a power cut.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# The live server speaks plain HTTP.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False

# A test asks more in a minute than a reader may.
API_RATE = 1_000_000

# No collectstatic before the tests: files come from the applications, looked up when asked for
# rather than listed each time a test makes a client.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True
