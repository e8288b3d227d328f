"""Accounts and groups."""

from django import forms
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group, Permission

from ftap.exports import ExportableAdmin
from ftap.modeladmin import ModelAdmin
from ftap.modelforms import StrictModelForm
from ftap.models import User
from ftap.resources import GroupResource, UserResource

VERBS = {"add": "ajouter", "change": "modifier", "delete": "supprimer", "view": "voir"}


class PermissionField(forms.ModelMultipleChoiceField):
    """Permissions named in French: Django stores their names in English."""

    def label_from_instance(self, permission):
        model = permission.content_type.model_class()
        verb = VERBS.get(permission.codename.partition("_")[0])
        if model is None or verb is None:
            return permission.name
        opts = model._meta
        return f"{opts.app_config.verbose_name} | {opts.verbose_name} | {verb}"


class PermissionChoice:
    """The permissions of the applications that have a screen on this site."""

    def formfield_for_manytomany(self, db_field, request, **kwargs):
        if db_field.related_model is Permission:
            labels = {model._meta.app_label for model in self.admin_site._registry}
            kwargs["queryset"] = (
                Permission.objects.select_related("content_type")
                .filter(content_type__app_label__in=labels)
                .order_by("content_type__app_label", "content_type__model", "codename")
            )
            kwargs["form_class"] = PermissionField
        return super().formfield_for_manytomany(db_field, request, **kwargs)


class UserForm(StrictModelForm, UserChangeForm):
    pass


class UserCreationForm(StrictModelForm, AdminUserCreationForm):
    pass


@admin.register(User)
class UserAdmin(PermissionChoice, ExportableAdmin, ModelAdmin, DjangoUserAdmin):
    """Accounts. Only a superuser gives rights, or touches a superuser's account."""

    resource_classes = [UserResource]
    index_order = 90
    form = UserForm
    add_form = UserCreationForm
    lock_excluded = ("password", "last_login", "date_joined")
    list_display = ("username", "last_name", "first_name", "email", "is_active", "is_staff")
    readonly_fields = ("last_login", "date_joined")

    def get_readonly_fields(self, request, obj=None):
        fields = super().get_readonly_fields(request, obj)
        if request.user.is_superuser:
            return fields
        return (*fields, "is_superuser", "is_staff", "groups", "user_permissions")

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and self._may_touch(request, obj)

    def has_delete_permission(self, request, obj=None):
        allowed = super().has_delete_permission(request, obj)
        return allowed and self._may_touch(request, obj)

    @staticmethod
    def _may_touch(request, obj):
        return obj is None or request.user.is_superuser or not obj.is_superuser

    def deletion_refusal(self, request, obj):
        if obj == request.user:
            return "C’est votre propre compte."
        if LogEntry.objects.filter(user=obj).exists():
            return (
                "Ce compte a modifié des fiches\u00a0: le supprimer effacerait la trace de qui a "
                "fait quoi. Décochez «\u00a0Actif\u00a0» pour lui fermer l’accès."
            )
        return ""


@admin.register(Group)
class GroupAdmin(PermissionChoice, ExportableAdmin, ModelAdmin):
    """Groups of rights."""

    resource_classes = [GroupResource]
    export_permission = "ftap.export_user"
    index_order = 91
    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)
    filter_horizontal = ("permissions",)
