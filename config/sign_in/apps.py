"""The apps of libraries that stand in the menu, each under the heading that it has there."""

from allauth.mfa.apps import MFAConfig
from allauth.socialaccount.apps import SocialAccountConfig
from axes.apps import AppConfig as AxesConfig

PEOPLE = "People"


class LockedLogins(AxesConfig):
    """Wrong passwords, and the names that they lock."""

    verbose_name = PEOPLE


class SecondFactors(MFAConfig):
    """Second factors of users."""

    verbose_name = PEOPLE


class LinkedLogins(SocialAccountConfig):
    """Whom a provider of logins knows."""

    verbose_name = PEOPLE
