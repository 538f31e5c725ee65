"""Second factors, passkeys and OpenID Connect, through django-allauth: off unless settings switch them on."""
