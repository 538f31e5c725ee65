"""Addresses: the admin, the API, uploaded papers, the calendar of deadlines, feeds, what watches."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import pages
from config.sign_in.urls import door
from incidents.pages import take_delivery
from sla.pages import deadline_calendar
from vendors.admin import send_upload

urlpatterns: list[URLPattern | URLResolver] = [
    path("", login_not_required(RedirectView.as_view(pattern_name="admin:index"))),
    path("api/", include("config.api")),
    *door(second_factor=settings.SECOND_FACTOR != "off", provider=settings.OIDC is not None),
    path("admin/", admin.site.urls),
    path("uploads/<path:name>", admin.site.admin_view(send_upload), name="upload"),
    path("calendar/<int:pk>/<str:key>/deadlines.ics", deadline_calendar, name="deadlines"),
    path("feeds/<int:pk>/<str:key>/", take_delivery, name="feed"),
    path("health/live", pages.live),
    path("health/ready", pages.ready),
    path("health/scheduler", pages.scheduler),
    path("metrics", pages.metrics),
]
