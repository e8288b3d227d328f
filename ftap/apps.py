from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class FtapConfig(AppConfig):
    name = "ftap"
    verbose_name = "comptes"


class FtapAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "ftap.sites.FtapAdminSite"
