from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("appels-a-projets/", include("calls.urls")),
    path("", include("laureates.urls")),
]
