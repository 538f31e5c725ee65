"""The user that stands for what happens by itself."""

from django.contrib.auth.models import User

SYSTEM_USERNAME = "recourse"


def system_user() -> User:
    """Return the user that stands for commands and scheduled runs; nobody can log in as it."""
    user, created = User.objects.get_or_create(
        username=SYSTEM_USERNAME, defaults={"first_name": "Recourse", "is_active": False}
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
