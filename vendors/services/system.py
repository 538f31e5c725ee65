"""The user that stands for what happens by itself."""

from django.contrib.auth.models import User

SYSTEM_USERNAME = "recourse"


def is_system(user: User) -> bool:
    """Say whether a user is the system: by its name, and since nobody can log in as it."""
    return user.username == SYSTEM_USERNAME and not user.is_active


def system_user() -> User:
    """Return the user that stands for commands and scheduled runs; nobody can log in as it.

    Raises RuntimeError where a person goes by its name, who would pass for the system.
    """
    user, created = User.objects.get_or_create(
        username=SYSTEM_USERNAME, defaults={"first_name": "Recourse", "is_active": False}
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    if user.is_active:
        raise RuntimeError(
            f"The user {SYSTEM_USERNAME!r} is active, and the system acts under that name. Give this person"
            " another user name under Users in the admin."
        )
    return user
