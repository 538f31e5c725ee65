"""The addresses of an installation that offers all ways to log in."""

from config.sign_in.urls import door
from config.urls import urlpatterns as others

urlpatterns = [*door(second_factor=True, provider=True), *others]
