"""Settings: what may differ between installations comes from the environment (see environment.py)."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import global_settings as default_settings

from config.environment import read_environment, secret_words
from config.logs import logging_settings
from config.sign_in.providers import provider_settings
from config.theme import theme

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = read_environment(root=BASE_DIR)
DATA_DIR = ENVIRONMENT.data

DEBUG = ENVIRONMENT.debug
SECRET_KEY = ENVIRONMENT.secret_key
# Sessions and links that older keys signed hold until these are left out.
SECRET_KEY_FALLBACKS = ENVIRONMENT.old_keys
ALLOWED_HOSTS = ENVIRONMENT.hosts
CSRF_TRUSTED_ORIGINS = ENVIRONMENT.origins
# Links in mails and documents start with this; without an origin they are left out.
PUBLIC_ORIGIN = ENVIRONMENT.origins[0] if ENVIRONMENT.origins else ""
CHAT_URL = ENVIRONMENT.chat
METRICS_KEY = ENVIRONMENT.metrics_key
# How many reverse proxies stand before this server; what they say of a request is believed.
PROXIES = ENVIRONMENT.proxies

SIGN_IN_APPS = [
    "config.sign_in.apps.LockedLogins",
    "allauth",
    "allauth.account",
    "config.sign_in.apps.SecondFactors",
    "config.sign_in.apps.LinkedLogins",
    "allauth.socialaccount.providers.openid_connect",
    "django.contrib.humanize",
]
# The theme's templates come before the admin's; each app comes after those that it builds on.
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.inlines",
    "unfold.contrib.simple_history",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "simple_history",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "knox",
    *SIGN_IN_APPS,
    "vendors",
    "incidents",
    "sla",
    "config",
]
MIDDLEWARE = [
    "config.middleware.RequestLog",
    "config.middleware.Headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.NamedHosts",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.middleware.LoginRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Overrides of the admin's pages are found only here: inside an app they lose to the theme.
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.sign_in.pages.theme",
            ],
        },
    },
]

# Instants are UTC everywhere; local time is a matter of each contract.
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-gb"
USE_I18N = False
# One way to write a date, everywhere: 2019-06-25.
FORMAT_MODULE_PATH = ["config.formats"]

SQLITE = "django.db.backends.sqlite3"
SQLITE_OPTIONS: dict[str, Any] = {
    # Take the write lock at BEGIN: a deferred transaction that upgrades later fails instead of waiting.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON",
}
POSTGRES_OPTIONS: dict[str, Any] = {
    "options": "-c lock_timeout=15000 -c idle_in_transaction_session_timeout=60000",
    # A server that is gone without a word is otherwise waited for as long as the network likes.
    "connect_timeout": 5,
}


def _database() -> dict[str, Any]:
    stated = ENVIRONMENT.database or {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(DATA_DIR / "recourse.sqlite3"),
    }
    if stated["ENGINE"] == "django.db.backends.sqlite3":
        return {**stated, "OPTIONS": SQLITE_OPTIONS}
    options = {**POSTGRES_OPTIONS, **stated.get("OPTIONS", {})}
    return {**stated, "OPTIONS": options, "CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}


DATABASES = {"default": _database()}
# One query of a web request; see config/queries.py.
WEB_QUERY_SECONDS = 30

# What lists show of statements is remembered between requests: a few hundred bytes each.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

STATIC_URL = "/static/"
# Scripts and styles are served from the installed packages themselves: there is nothing to collect.
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = DATA_DIR / "uploads"
# Uploaded contracts are evidence: a view checks who asks before it sends one, no server maps the path.
MEDIA_URL = "/uploads/"
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
# A schedule with its levels, tiers and exclusions is one form.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
# All files of one form together, and a little for the rest of it.
UPLOAD_MAX_SIZE = 25 * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["config.uploads.SizeLimit", *default_settings.FILE_UPLOAD_HANDLERS]
# A file not chosen counts too, and a vendor may add one to each line that it answers.
DATA_UPLOAD_MAX_NUMBER_FILES = 50

AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    # Those that were set before; each becomes the first kind at the next login.
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Who has logged in does so again after so long, and after so long without a request.
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 2 * 3600
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
# Lax, since whoever follows a link in a mail, or comes back from a provider of logins, is logged in.
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if not DEBUG:
    # Browsers take these names only over TLS and from this very host.
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
PASSWORD_RESET_TIMEOUT = 3600
X_FRAME_OPTIONS = "DENY"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# What no page of ours uses; passkeys are asked for by our own pages only.
PERMISSIONS_POLICY = ", ".join(
    [
        *(
            f"{name}=()"
            for name in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
        ),
        *(f"publickey-credentials-{act}=(self)" for act in ("create", "get")),
    ]
)
SECURE_REFERRER_POLICY = "same-origin"
SECURE_SSL_REDIRECT = not DEBUG
# What probes and monitors ask from inside: by any name, and without TLS (see config.middleware.NamedHosts).
SECURE_REDIRECT_EXEMPT = [r"^health/(live|ready|scheduler)$", r"^metrics$"]
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG
SECURE_HSTS_SECONDS = 0 if DEBUG else 365 * 24 * 3600
# Only behind a proxy that sets this header itself; otherwise any browser could claim https.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
# W005, W021: whether sibling host names serve https, and join the browsers' lists, is their owner's choice.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# After five wrong passwords a name is locked for half an hour, wherever they came from.
MIDDLEWARE += ["axes.middleware.AxesMiddleware"]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=30)
AXES_LOCKOUT_PARAMETERS: list[Any] = [["username", "ip_address"], "username"]
AXES_RESET_ON_SUCCESS = True
# Who goes on trying does not keep the rightful user out for longer.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "vendors.callers.client_address"
AXES_LOCKOUT_CALLABLE = "config.lockout.locked_page"
# config.admin has the page of those that are locked; who logged in stands in the log.
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
# The log names name and address of who failed; the rows keep nothing else that was typed.
AXES_SENSITIVE_PARAMETERS = ["csrfmiddlewaretoken"]

# Second factors, passkeys and a provider of logins. The tables are always there; whether a page offers any of
# it, RECOURSE_SECOND_FACTOR and RECOURSE_OIDC_ISSUER decide (see config/sign_in/urls.py).
SECOND_FACTOR = ENVIRONMENT.second_factor
OIDC = ENVIRONMENT.oidc
MIDDLEWARE += ["allauth.account.middleware.AccountMiddleware"]
ACCOUNT_ADAPTER = "config.sign_in.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "admin:index"
MFA_ADAPTER = "config.sign_in.adapters.SecondFactorAdapter"
MFA_FORMS = {"add_webauthn": "config.sign_in.forms.PasskeyForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG
# Addresses of users are entered by administrators and by the provider of logins.
MFA_ALLOW_UNVERIFIED_EMAIL = True
SOCIALACCOUNT_ADAPTER = "config.sign_in.adapters.ProviderAdapter"
SOCIALACCOUNT_PROVIDERS = provider_settings(OIDC)
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# The admin's theme evaluates expressions in attributes and sets inline styles. Inline scripts stay refused.
ADMIN_CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "script-src": [SELF, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "vendors.api.access.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["vendors.api.access.Allowed"],
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.UserRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {"anon": "20/min", "user": "600/min", "export": "20/hour"},
    "DEFAULT_RENDERER_CLASSES": ["vendors.api.bodies.ExactRenderer"],
    "DEFAULT_PARSER_CLASSES": ["vendors.api.bodies.StrictParser"],
    "DEFAULT_SCHEMA_CLASS": "vendors.api.schema.Described",
    # What may be sent stands in the schema.
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "vendors.api.problems.problem_of",
    # `format` says how an export is written.
    "URL_FORMAT_OVERRIDE": None,
    # 0 trusts no forwarded address at all.
    "NUM_PROXIES": PROXIES,
}
REST_KNOX: dict[str, Any] = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "rcs_"}  # nosec B105
KNOX_TOKEN_MODEL = "vendors.ApiToken"  # nosec B105
# Our own model stands in for the library's only one, so none of its tables is needed.
MIGRATION_MODULES: dict[str, None] = {"knox": None}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Recourse",
    "DESCRIPTION": "What vendors promised, what we got, what we are owed, and whether we got it.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "COMPONENT_SPLIT_REQUEST": True,
    # One name for each closed list, whatever the fields that hold it are called.
    "ENUM_NAME_OVERRIDES": {
        "ResponsibleEnum": "incidents.models.choices.Responsible",
        "OutageKindEnum": "incidents.models.choices.OutageKind",
        "MeasuredByEnum": "incidents.models.choices.MeasuredBy",
        "FeedKindEnum": "incidents.models.sources.feed_formats",
        "ChangeKindEnum": "vendors.api.history.CHOICES",
        "ContactRoleEnum": "vendors.models.Contact.Role",
        "LineStatusEnum": "sla.models.LineFigures.Status",
        "StatementStateEnum": "sla.models.Statement.State",
        "ClaimStateEnum": "sla.api.claim_rows.STATES",
        "AnsweredEnum": "sla.api.claim_acts.ANSWERED",
        "CreditKindEnum": "sla.models.ServiceCredit.Kind",
        "ReceiptKindEnum": "sla.models.CreditReceived.Kind",
        "EntryKindEnum": "sla.models.RegisterEntry.Kind",
        "WarningKindEnum": "sla.models.Alert.Kind",
        "RunKindEnum": "sla.models.Duty.Kind",
        "RunStateEnum": "sla.models.Duty.State",
        "MessageStateEnum": "sla.models.OutboxMessage.State",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "vendors.api.schema.with_problems",
    ],
}

# Without a mail server nothing is lost: each mail is a file that a person can open.
MAIL: dict[str, Any] = ENVIRONMENT.mail or {
    "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
    "EMAIL_FILE_PATH": str(DATA_DIR / "mail"),
}
EMAIL_BACKEND: str = MAIL["EMAIL_BACKEND"]
EMAIL_FILE_PATH: str = MAIL.get("EMAIL_FILE_PATH") or ""
EMAIL_HOST: str = MAIL.get("EMAIL_HOST") or "localhost"
EMAIL_PORT: int = MAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER: str = MAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD: str = MAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS: bool = MAIL.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL: bool = MAIL.get("EMAIL_USE_SSL", False)
# Django's default waits for ever.
EMAIL_TIMEOUT: int = MAIL.get("EMAIL_TIMEOUT") or 20
DEFAULT_FROM_EMAIL: str = MAIL.get("DEFAULT_FROM_EMAIL") or "recourse@localhost"
# Who reads what a reader of a mail answers; empty: whoever it comes from.
REPLY_TO: str = MAIL.get("REPLY_TO") or ""

CELERY_BROKER_URL = ENVIRONMENT.broker
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "beat")
# A worker that says nothing for so long is taken to be gone. Longer than the longest run.
RUN_LEASE_SECONDS = 120
# Formats that few need are offered only where this names them, or says "all".
FEED_FORMATS = ENVIRONMENT.formats
# Whether our own probes are asked, and whether they may ask private addresses.
PROBES = ENVIRONMENT.probes
# What reads vendors' mails lives apart, since it needs an older library than we do.
MAINTENANCE_PARSER = ENVIRONMENT.maintenance_parser
# The same for a mail on its way: longer than all waiting that EMAIL_TIMEOUT allows in one conversation.
SEND_LEASE_SECONDS = 300

UNFOLD: dict[str, Any] = theme(second_factor=SECOND_FACTOR != "off", provider=OIDC is not None)

LOGGING = logging_settings(debug=DEBUG, secrets=secret_words() | {SECRET_KEY, *SECRET_KEY_FALLBACKS})
