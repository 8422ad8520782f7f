"""Settings. Everything that differs between installations comes from the environment.

The list of variables with their defaults is in README.md.
"""

import datetime
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

from partybuild import broker, local_keys
from partybuild.schedule import BEAT_SCHEDULE

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# Everything the program writes.
VAR = BASE_DIR / "var"
VAR.mkdir(mode=0o700, exist_ok=True)

DEBUG = env.bool("DEBUG", default=False)

# --- Database ---------------------------------------------------------------------------

EMBEDDED_DATABASE_URL = f"sqlite:///{VAR / 'partybuild.sqlite3'}"


def database_from(url):
    """One entry of DATABASES for `url`."""
    database = environ.Env.db_url_config(url)
    options = database.setdefault("OPTIONS", {})
    if database["ENGINE"] == "django.db.backends.sqlite3":
        # IMMEDIATE: a transaction that first reads cannot be made a writer after another
        # commit; with Django's default it fails at once, whatever the timeout.
        options |= {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; "
                "PRAGMA cache_size=-64000; PRAGMA temp_store=MEMORY;"
            ),
        }
        # A file, because the in-memory test database ignores the timeout above.
        database["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
    else:
        database["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
        database["CONN_HEALTH_CHECKS"] = True
    return database


DATABASE_URL = env.str("DATABASE_URL", default=EMBEDDED_DATABASE_URL)
DATABASES = {"default": database_from(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Keys -------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="")
FIELD_KEYS = env.list("FIELD_KEYS", default=[])
if not (SECRET_KEY and FIELD_KEYS):
    # An embedded installation makes its own keys once and keeps them in var/. Any other
    # one must bring them: keys that lie beside the data protect nothing.
    if not DEBUG and DATABASE_URL != EMBEDDED_DATABASE_URL:
        raise ImproperlyConfigured("SECRET_KEY and FIELD_KEYS must be set in the environment.")
    kept = local_keys.read_or_create(VAR / "keys.json")
    SECRET_KEY = SECRET_KEY or kept["SECRET_KEY"]
    FIELD_KEYS = FIELD_KEYS or kept["FIELD_KEYS"]

# --- Time and language ------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

# A day that replaces today in demonstrations; never on a real installation.
TODAY_OVERRIDE = None
if today := env.str("PARTYBUILD_TODAY", default=""):
    if not DEBUG:
        raise ImproperlyConfigured("PARTYBUILD_TODAY is refused while DEBUG is off.")
    try:
        TODAY_OVERRIDE = datetime.date.fromisoformat(today)
    except ValueError as error:
        raise ImproperlyConfigured("PARTYBUILD_TODAY must be YYYY-MM-DD.") from error

# --- Apps -------------------------------------------------------------------------------

INSTALLED_APPS = [
    "partybuild.apps.PartybuildConfig",
    "accounts.apps.AccountsConfig",
    "branches.apps.BranchesConfig",
    "jobs.apps.JobsConfig",
    "notices.apps.NoticesConfig",
    "members.apps.MembersConfig",
    "dues.apps.DuesConfig",
    "meetings.apps.MeetingsConfig",
    "tasks.apps.TasksConfig",
    "compliance.apps.ComplianceConfig",
    "assessments.apps.AssessmentsConfig",
    "ledgers.apps.LedgersConfig",
    "dashboard.apps.DashboardConfig",
    "partybuild.apps.ManagementConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_filters",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "partybuild.security.content_security_policy",
    "partybuild.security.drop_null_characters",
    "partybuild.errors.explain_wrong_method",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "accounts.middleware.password_change_first",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "partybuild.urls"
WSGI_APPLICATION = "partybuild.wsgi.application"

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
                "dashboard.context.shell",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

# --- Files ------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Without collectstatic while developing.
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

# Attachments are served by views that check the reader's rights, so there is no MEDIA_URL.
MEDIA_ROOT = VAR / "files"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024
# A month of dues for a large branch is one form with several fields a member.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000

# --- Log-in and sessions ----------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

IDLE_MINUTES = env.int("IDLE_MINUTES", default=30)
SESSION_COOKIE_AGE = IDLE_MINUTES * 60
# Sliding: every request starts the idle time anew.
SESSION_SAVE_EVERY_REQUEST = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"

AXES_HANDLER = "partybuild.lockout.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = env.int("LOGIN_FAILURES", default=5)
LOGIN_FAILURES_PER_ADDRESS = env.int("LOGIN_FAILURES_PER_ADDRESS", default=20)
AXES_COOLOFF_TIME = datetime.timedelta(minutes=env.int("LOCK_MINUTES", default=30))
AXES_RESET_ON_SUCCESS = True
# Trying again does not lengthen a lock: 30 minutes means 30 minutes.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_TEMPLATE = "429.html"
AXES_CLIENT_IP_CALLABLE = "partybuild.security.client_address"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- Transport --------------------------------------------------------------------------

ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

BEHIND_TLS = env.bool("BEHIND_TLS", default=not DEBUG)
# How many proxies of ours stand in front; they must set X-Forwarded-For and -Proto.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=1 if BEHIND_TLS else 0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = BEHIND_TLS
SESSION_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SECURE = BEHIND_TLS
SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=365 * 24 * 3600) if BEHIND_TLS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # Subdomains and preload lists are for the owner of the domain to decide, not for us.
    "security.W005",
    "security.W021",
]

# --- Jobs -------------------------------------------------------------------------------

REDIS_URL = env.str("REDIS_URL", default="")
CELERY_BROKER_URL = REDIS_URL or broker.embedded_broker_url(VAR)
broker.make_folders(VAR)

# The longest job ends within this; a message not acknowledged by then is delivered again.
JOB_SECONDS = 2 * 3600
CELERY_BROKER_TRANSPORT_OPTIONS = broker.transport_options(
    CELERY_BROKER_URL, VAR, visibility_timeout=JOB_SECONDS + 600
)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker waits for its broker as long as it takes.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The row is there already and the sweeper sends again: do not keep a person waiting.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TASK_DEFAULT_QUEUE = "partybuild"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = JOB_SECONDS
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")

if REDIS_URL.startswith(("redis://", "rediss://")):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "partybuild",
        }
    }

# --- Notices outside the pages ----------------------------------------------------------

# Without a mail server nothing is sent by mail, and the pages say so.
EMAIL_TIMEOUT = 15
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
NOTICE_FROM = ""
if mail_server := env.str("EMAIL_URL", default=""):
    globals().update(environ.Env.email_url_config(mail_server))
    NOTICE_FROM = env.str("NOTICE_FROM", default="")
    if not NOTICE_FROM:
        raise ImproperlyConfigured("NOTICE_FROM must be set with EMAIL_URL.")
# Relays to the robots of group chats, as `host` or `host:port`, besides the robots' own hosts.
NOTICE_WEBHOOK_HOSTS = env.list("NOTICE_WEBHOOK_HOSTS", default=[])
# Where this installation is reached, for links in mails and chats; without it they have none.
SITE_URL = env.str("SITE_URL", default="").rstrip("/")

# --- Log --------------------------------------------------------------------------------

# To stderr. Names, numbers and form contents are never logged; what was done by whom is
# in the trail.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
    },
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        # Its own lines name accounts and addresses.
        "axes": {"level": "ERROR"},
        # Its own lines name the secret addresses of robots.
        "urllib3": {"level": "ERROR"},
    },
}
