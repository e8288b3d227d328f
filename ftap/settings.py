"""Settings: what differs between deployments comes from the environment (see .env.example)."""

import os
from pathlib import Path

from csp.constants import NONE, SELF
from environs import Env

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
if env_file := os.environ.get("FTAP_ENV_FILE", ".env"):
    env.read_env(str(BASE_DIR / env_file), recurse=False, override=False)

# Deployment ------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", [])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", [])
# The address written in feeds, share links and sitemaps; empty: the address of the request.
SITE_URL = env.str("SITE_URL", "").rstrip("/")
# Shown on the contact and legal pages; empty: the page says that none is configured.
CONTACT_EMAIL = env.str("CONTACT_EMAIL", "")
# Named on the legal page; empty: the page says that the operator has not filled it in.
LEGAL_PUBLISHER = env.str("LEGAL_PUBLISHER", "")
LEGAL_HOST = env.str("LEGAL_HOST", "")

# Applications ----------------------------------------------------------------
# ftap precedes django.contrib.admin: it overrides its templates.
INSTALLED_APPS = [
    "ftap",
    "laureates",
    "calls",
    "ftap.apps.FtapAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.sitemaps",
    "django.contrib.humanize",
    "django.forms",
    "django_filters",
    "drf_spectacular",
    "import_export",
    "rest_framework",
    "simple_history",
    "widget_tweaks",
    "dsfr",
]
AUTH_USER_MODEL = "ftap.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "calls.permissions.ObjectRules",
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "ftap.urls"
WSGI_APPLICATION = "ftap.wsgi.application"
# The project names its applications only here, by dotted path.
SITEMAPS = {"public": "laureates.sitemaps.SITEMAPS", "calls": "calls.sitemaps.SITEMAPS"}
# Blocks of the public home page: each answers {"template", "context"}, or None for nothing.
HOME_PANELS = ["calls.pages.home_panel"]
ADMIN_INDEX_PANELS = [
    "calls.admin.panels.to_do",
    "calls.admin.panels.sessions",
    "laureates.admin.panels.to_do",
    "calls.admin.panels.announcements",
    "calls.admin.panels.figure_gaps",
    "calls.admin.recent.panel",
]
ADMIN_HISTORY = "calls.history.entries"
# What the library asks of the private house: to name an act in the history, which announcements in
# preparation are kept from a person, and what forbids to make one public.
AUDIT_ACTING = "calls.history.acting"
AUDIT_SAVE_MANY = "calls.history.save_many"
ANNOUNCEMENTS_WITHHELD = "calls.publication.withheld_from"
ANNOUNCEMENT_REFUSALS = "calls.publication.refusals"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ftap.compression.CompressionMiddleware",
    "ftap.middleware.RevalidateMiddleware",
    "ftap.middleware.MalformedAddressMiddleware",
    "ftap.middleware.BusyMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "ftap.context_processors.site",
            ],
            "builtins": [
                "django.templatetags.static",
                "ftap.templatetags.ftap",
                "ftap.templatetags.parts",
            ],
        },
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "APP_DIRS": True,
        "OPTIONS": {"environment": "ftap.fast.environment"},
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Data ------------------------------------------------------------------------
DATABASES = {
    "default": env.dj_db_url(
        "DATABASE_URL", f"sqlite:///{BASE_DIR / 'ftap.sqlite3'}", conn_max_age=60
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # A writer takes its lock at once: what it read inside the transaction stays true.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    # PostgreSQL compiles what it finds long, for seconds: a page asks nothing that is. And it takes
    # disks for turning ones, on which an index is slow.
    options = DATABASES["default"].setdefault("OPTIONS", {})
    options["options"] = f"{options.get('options', '')} -c jit=off -c random_page_cost=1.1".strip()
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(BASE_DIR / "media")))
# No address serves MEDIA_ROOT: a view checks the right to read, then sends the file.
MEDIA_URL = ""
FILE_UPLOAD_PERMISSIONS = 0o640
DOCUMENT_MAX_BYTES = 20 * 1024 * 1024
DOCUMENT_EXTENSIONS = ["pdf", "odt", "ods", "docx", "xlsx", "csv"]
# Files of dossiers: what each extension may hold is checked too.
ATTACHMENT_MAX_BYTES = env.int("ATTACHMENT_MAX_BYTES", 20 * 1024 * 1024)
ATTACHMENT_EXTENSIONS = ["pdf", "odt", "ods", "odp", "docx", "xlsx", "pptx", "csv", "png", "jpg"]

# Spreadsheets and texts brought in: what they may be, weigh and hold. A workbook is compressed:
# what it unpacks into is limited too.
IMPORT_FORMATS = env.list("IMPORT_FORMATS", ["csv", "xlsx", "ods"])
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", 20 * 1024 * 1024)
IMPORT_MAX_UNPACKED_BYTES = env.int("IMPORT_MAX_UNPACKED_BYTES", 400 * 1024 * 1024)
IMPORT_MAX_ROWS = env.int("IMPORT_MAX_ROWS", 100_000)
IMPORT_MAX_COLUMNS = env.int("IMPORT_MAX_COLUMNS", 500)
IMPORT_MAX_CELLS = env.int("IMPORT_MAX_CELLS", 3_000_000)
ANNOUNCEMENT_TEXT_FORMATS = env.list("ANNOUNCEMENT_TEXT_FORMATS", ["txt", "md", "html", "htm"])
ANNOUNCEMENT_TEXT_MAX_BYTES = env.int("ANNOUNCEMENT_TEXT_MAX_BYTES", 1024 * 1024)

# Exports of the staff's lists, in the project's own formats: no cell opens a formula.
EXPORT_FORMATS = ["ftap.exports.CSV", "ftap.exports.XLSX", "ftap.exports.ODS"]
EXPORT_MAX_ROWS = env.int("EXPORT_MAX_ROWS", 50_000)
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"

# Readable data with natural keys; the list, in order, is what a new local database receives.
FIXTURE_DIRS = [BASE_DIR / "fixtures"]
LOCAL_FIXTURES = ["territories", "themes", "organisations", "ftap_2019_session_2"]

# Open data -------------------------------------------------------------------
# Requests that a client network may make to the interface in one minute.
API_RATE = env.int("API_RATE", 120)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "laureates.api.errors.as_problem",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Lauréats du Fonds pour la transformation de l’action publique",
    "DESCRIPTION": (
        "Les projets lauréats du FTAP, leurs annonces, leurs porteurs et les chiffres annoncés, en "
        "lecture seule, sans clé ni inscription. Une valeur inconnue est null, jamais 0\u202f; les "
        "montants sont des nombres, en euros. Chaque réponse donne sa licence et la date des "
        "données, et peut être revalidée (ETag, Last-Modified)."
    ),
    "VERSION": "1",
    "LICENSE": {
        "name": "Licence Ouverte 2.0 (Etalab)",
        "url": "https://www.etalab.gouv.fr/licence-ouverte-open-licence/",
    },
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Values of a closed list stand where they are used.
    "POSTPROCESSING_HOOKS": [],
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
}

# Letters ---------------------------------------------------------------------
# Nothing is sent by itself. Without a server, letters are written on the console.
vars().update(env.dj_email_url("EMAIL_URL", "console:"))
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", CONTACT_EMAIL or "ne-pas-repondre@localhost")

# Language --------------------------------------------------------------------
LANGUAGE_CODE = "fr"
LANGUAGES = [("fr", "Français")]
TIME_ZONE = "Europe/Paris"
USE_TZ = True

# Static files ----------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_FINDERS = ["ftap.finders.Finder"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
# The hashes in the package are those of files before the manifest rewrites their addresses.
DSFR_USE_INTEGRITY_CHECKSUMS = False
DSFR_MARK_OPTIONAL_FIELDS = False

# Security --------------------------------------------------------------------
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", not DEBUG)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 0 if DEBUG else 63072000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if env.bool("BEHIND_TLS_PROXY", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
X_FRAME_OPTIONS = "DENY"
# The sites that may show the embeddable list of laureates in a frame.
EMBED_ANCESTORS = env.list("EMBED_ANCESTORS", ["https://*.gouv.fr"])
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY = {
    feature: []
    for feature in ("camera", "geolocation", "microphone", "payment", "usb", "browsing-topics")
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"

LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    # What Django's own loggers hand to the root one meets no level there but that of the handler.
    "handlers": {"console": {"class": "logging.StreamHandler", "level": LOG_LEVEL}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
