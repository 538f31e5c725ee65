"""Forms of second factors, where the library's words are not ours."""

from __future__ import annotations

from typing import Any

from allauth.mfa.webauthn.forms import AddWebAuthnForm


class PasskeyForm(AddWebAuthnForm):
    """A new passkey: how its owner calls it, and whether it opens by itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "To tell it from others, such as the name of the device."
        alone = self.fields["passwordless"]
        alone.label = "Log in with it alone"
        alone.help_text = "No password is asked for then, but a finger, a face or a PIN by your device."
