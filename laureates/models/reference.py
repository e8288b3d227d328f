"""Reference data shared by both houses: territories, themes, organisations."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.fr import siret as stdnum_siret

from ftap.audit import FieldVersions
from ftap.fast import address
from laureates import typography
from laureates.models.natural import NaturalKeyModel, NaturalKeyQuerySet
from laureates.models.public import laureate_published_q


def validate_siret(value: str) -> None:
    """Refuse a SIRET that is not 14 digits or whose key is wrong (La Poste has its own key)."""
    try:
        stdnum_siret.validate(value)
    except StdnumError as error:
        raise ValidationError(
            "Le SIRET « %(value)s » est invalide : il compte 14 chiffres, "
            "dont le dernier est une clé de contrôle. Vérifiez la saisie.",
            code="siret",
            params={"value": value},
        ) from error
    if not (value.isascii() and value.isdigit()):
        raise ValidationError(
            "Écrivez le SIRET « %(value)s » sans espace ni séparateur : 14 chiffres.",
            code="siret",
            params={"value": value},
        )


class Territory(NaturalKeyModel):
    """France as a whole, a region, a department or an overseas collectivity.

    Codes are those of the official geographic code (INSEE). A region and a department may share
    a code (01 is Guadeloupe and Ain): the natural key is the kind and the code.
    """

    NATURAL_KEY = ("kind", "code")

    class Kind(models.TextChoices):
        NATIONAL = "national", "national"
        REGION = "region", "région"
        DEPARTMENT = "department", "département"
        COLLECTIVITY = "collectivity", "collectivité d’outre-mer"

    kind = models.CharField("nature", max_length=12, choices=Kind)
    code = models.CharField("code officiel", max_length=3)
    name = models.CharField("nom", max_length=100)
    slug = models.SlugField("identifiant d’adresse", max_length=120, unique=True)
    region = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="departments",
        limit_choices_to={"kind": "region"},
        verbose_name="région",
        help_text="Pour un département seulement.",
    )

    class Meta:
        verbose_name = "territoire"
        permissions = (("export_territory", "exporter les territoires"),)
        ordering = ("kind", "code")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "code"),
                name="territory_unique_code",
                violation_error_message="Un territoire de même nature porte déjà ce code.",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=("national", "region", "department", "collectivity")),
                name="territory_known_kind",
                violation_error_message="Nature de territoire inconnue.",
            ),
            models.CheckConstraint(
                condition=Q(kind="department", region__isnull=False)
                | (~Q(kind="department") & Q(region__isnull=True)),
                name="territory_region_of_departments_only",
                violation_error_message=(
                    "Un département a une région ; les autres territoires n’en ont pas."
                ),
            ),
        )

    def __str__(self):
        if self.kind == self.Kind.DEPARTMENT:
            return f"{self.name} ({self.code})"
        return self.name

    def clean(self):
        if self.region_id and self.region.kind != self.Kind.REGION:
            raise ValidationError({"region": f"« {self.region} » n’est pas une région."})


class Theme(NaturalKeyModel):
    """A subject under which laureates are classed; the classification is editorial."""

    name = models.CharField("nom", max_length=100, unique=True)
    slug = models.SlugField("identifiant d’adresse", max_length=100, unique=True)
    description = models.TextField("ce que le thème recouvre", blank=True)
    position = models.PositiveSmallIntegerField("ordre d’affichage", default=0)

    class Meta:
        verbose_name = "thème"
        permissions = (("export_theme", "exporter les thèmes"),)
        ordering = ("position", "slug")

    def __str__(self):
        return self.name


class OrganisationQuerySet(NaturalKeyQuerySet):
    def public(self):
        """Those with a page: one of their projects, or of those they supervise, is public."""
        # Asked of each organisation, until one project is found: all of them are never read.
        carriers = self.model._meta.apps.get_model("laureates", "Carrier").objects
        public = carriers.filter(laureate_published_q("laureate__")).order_by()
        return self.filter(
            Exists(public.filter(organisation=OuterRef("pk")))
            | Exists(public.filter(organisation__supervising_ministry=OuterRef("pk")))
        )

    def formerly_at(self, slug):
        """Those into which one that visitors could see under this address was merged."""
        return self.filter(redirects__slug=slug, redirects__was_public=True)

    def ministries(self):
        return self.filter(kind=Organisation.Kind.MINISTRY)


class Organisation(NaturalKeyModel):
    """A public body that carries projects, gives opinions or supervises others."""

    class Kind(models.TextChoices):
        MINISTRY = "ministere", "ministère"
        CENTRAL = "administration-centrale", "administration centrale"
        NATIONAL_SERVICE = "service-national", "service à compétence nationale"
        DECONCENTRATED = "service-deconcentre", "service déconcentré"
        OPERATOR = "operateur", "opérateur ou établissement public"
        UNIVERSITY = "universite", "établissement d’enseignement supérieur"
        SOCIAL_SECURITY = "securite-sociale", "organisme de sécurité sociale"
        OTHER = "autre", "autre organisme public"

    name = models.CharField("nom", max_length=250, unique=True)
    short_name = models.CharField("sigle", max_length=50, blank=True)
    slug = models.SlugField("identifiant d’adresse", max_length=120, unique=True)
    kind = models.CharField(
        "type",
        max_length=30,
        choices=Kind,
        blank=True,
        help_text="Laissez vide si le type n’est pas connu.",
    )
    supervising_ministry = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="supervised",
        limit_choices_to={"kind": "ministere"},
        verbose_name="ministère de rattachement",
    )
    former_names = models.TextField(
        "anciens noms", blank=True, help_text="Un par ligne ; la recherche les trouve."
    )
    siret = models.CharField(
        "SIRET",
        max_length=14,
        blank=True,
        validators=[validate_siret],
        help_text="14 chiffres, sans espace. Laissez vide s’il n’est pas connu.",
    )
    territory = models.ForeignKey(
        Territory,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="organisations",
        verbose_name="territoire",
    )
    source = models.CharField(
        "provenance",
        max_length=300,
        blank=True,
        help_text="D’où viennent le type, le rattachement et le territoire.",
    )

    objects = OrganisationQuerySet.as_manager()
    history = FieldVersions()

    class Meta:
        verbose_name = "organisme"
        ordering = ("slug",)
        permissions = (
            ("merge_organisation", "fusionner deux organismes"),
            ("export_organisation", "exporter les organismes"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("siret",),
                condition=~Q(siret=""),
                name="organisation_unique_siret",
                violation_error_message="Un autre organisme porte déjà ce SIRET.",
            ),
            models.CheckConstraint(
                condition=Q(
                    kind__in=(
                        "",
                        "ministere",
                        "administration-centrale",
                        "service-national",
                        "service-deconcentre",
                        "operateur",
                        "universite",
                        "securite-sociale",
                        "autre",
                    )
                ),
                name="organisation_known_kind",
                violation_error_message=(
                    "Type d’organisme inconnu : choisissez dans la liste, ou laissez vide."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(kind="ministere") | Q(supervising_ministry__isnull=True),
                name="organisation_ministry_has_no_ministry",
                violation_error_message="Un ministère n’a pas de ministère de rattachement.",
            ),
            models.CheckConstraint(
                condition=Q(supervising_ministry__isnull=True) | ~Q(supervising_ministry=F("id")),
                name="organisation_not_its_own_ministry",
                violation_error_message="Un organisme ne peut être rattaché à lui-même.",
            ),
        )

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return address("laureates:organisation", self.slug)

    @property
    def former_name_list(self):
        return typography.lines(self.former_names)

    def clean(self):
        self.name = typography.normalise(self.name)
        others = OrganisationRedirect.objects.filter(slug=self.slug).exclude(organisation=self.pk)
        if taken := others.first():
            raise ValidationError(
                {
                    "slug": f"Cette adresse est celle d’un organisme fusionné dans «\u00a0"
                    f"{taken.organisation}\u00a0»\u00a0: choisissez-en une autre."
                }
            )
        ministry = self.supervising_ministry if self.supervising_ministry_id else None
        if ministry and ministry.kind != self.Kind.MINISTRY:
            raise ValidationError(
                {"supervising_ministry": f"« {ministry} » n’est pas un ministère."}
            )


class OrganisationRedirect(NaturalKeyModel):
    """The address of an organisation that was merged into another.

    `was_public`: it had a page when it was merged; visitors are sent on only from such an address,
    so that none tells of an organisation that they could not see.
    """

    slug = models.SlugField("ancien identifiant d’adresse", max_length=120, unique=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="redirects", verbose_name="organisme conservé"
    )
    was_public = models.BooleanField("avait une page publique", default=False)
    former_name = models.CharField("nom de l’organisme fusionné", max_length=250)
    merged_at = models.DateTimeField("fusionné le")

    history = FieldVersions()

    class Meta:
        verbose_name = "ancienne adresse d’un organisme"
        verbose_name_plural = "anciennes adresses d’organismes"
        ordering = ("slug",)

    def __str__(self):
        return self.slug


class CarryingOrganisation(NaturalKeyModel):
    """An organisation's place among those that carry a project: its rank and, where known, role."""

    class Role(models.TextChoices):
        LEAD = "chef-de-file", "chef de file"
        CO = "co-porteur", "co-porteur"
        SUPPORT = "soutien", "soutien"

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, related_name="%(class)ss", verbose_name="organisme"
    )
    position = models.PositiveSmallIntegerField("ordre")
    role = models.CharField(  # noqa: DJ001 - null is unknown, which is not an empty role
        "rôle",
        max_length=20,
        choices=Role,
        null=True,
        blank=True,
        help_text="Vide : rôle non précisé.",
    )

    class Meta:
        abstract = True
        constraints = (
            models.CheckConstraint(
                condition=Q(position__gte=1),
                name="%(class)s_position_from_one",
                violation_error_message="L’ordre des porteurs commence à 1.",
            ),
            models.CheckConstraint(
                condition=Q(role__isnull=True)
                | Q(role__in=("chef-de-file", "co-porteur", "soutien")),
                name="%(class)s_known_role",
                violation_error_message=(
                    "Rôle inconnu : chef de file, co-porteur, soutien ou vide."
                ),
            ),
        )

    @property
    def role_label(self):
        return self.get_role_display() if self.role else "rôle non précisé"
