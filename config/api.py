"""The addresses of the API: every app names its own, and no other place adds one."""

from django.contrib.auth.mixins import LoginRequiredMixin
from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from incidents.api.addresses import ROUTES as HAPPENED
from sla.api.addresses import ROUTES as PROMISED
from vendors.api.addresses import ROUTES as REGISTER
from vendors.api.problems import NothingHere
from vendors.api.routes import Router

router = Router()
for name, viewset in (*REGISTER, *HAPPENED, *PROMISED):
    router.register(name, viewset, basename=f"api-{name}")


class ApiPage(LoginRequiredMixin, SpectacularSwaggerSplitView):
    """All that can be asked, to read and to try, for whom is signed in; no other server is asked for it."""

    url_name = "api-schema"
    template_name = "api.html"


urlpatterns: list[URLPattern | URLResolver] = [
    path("v1/schema", SpectacularJSONAPIView.as_view(), name="api-schema"),
    path("v1/docs", ApiPage.as_view(), name="api-docs"),
    path("v1/", include(router.urls)),
    # Whatever stands there, a line break too: every answer is a problem in JSON.
    re_path(r"^", NothingHere.as_view(), name="api-nothing"),
]
