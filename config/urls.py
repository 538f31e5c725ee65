"""Addresses: the admin, the API, uploaded papers, deadlines, what vendors read, what senders send to."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from config import pages
from config.sign_in.urls import door
from incidents.pages import take_delivery
from sla.pages import check_answer, deadline_calendar, sent_answer, statement_page, statement_pdf
from vendors.admin import send_upload

urlpatterns: list[URLPattern | URLResolver] = [
    path("", login_not_required(RedirectView.as_view(pattern_name="admin:index"))),
    path("api/", include("config.api")),
    *door(second_factor=settings.SECOND_FACTOR != "off", provider=settings.OIDC is not None),
    path("admin/", admin.site.urls),
    path("uploads/<path:name>", admin.site.admin_view(send_upload), name="upload"),
    path("calendar/<int:pk>/<str:key>/deadlines.ics", deadline_calendar, name="deadlines"),
    path("statements/<str:key>/", statement_page, name="statement_link"),
    path("statements/<str:key>/statement.pdf", statement_pdf, name="statement_link_pdf"),
    path("statements/<str:key>/check/<slug:token>/", check_answer, name="answer_check"),
    path("statements/<str:key>/sent/<slug:token>/", sent_answer, name="answer_sent"),
    path("feeds/<int:pk>/<str:key>/", take_delivery, name="feed"),
    path("health/live", pages.live),
    path("health/ready", pages.ready),
    path("health/scheduler", pages.scheduler),
    path("metrics", pages.metrics),
]
