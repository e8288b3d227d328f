"""The draft of the next version: its pages, from start to publication or abandonment."""

import pytest
from django.urls import reverse

from laureates import releases
from laureates.models import Announcement, Laureate, Release, ReleaseDraft
from tests import factories
from tests.admin_pages import url

pytestmark = pytest.mark.django_db


@pytest.fixture
def publisher():
    return factories.UserFactory(role="Publication", first_name="Camille", last_name="Martin")


@pytest.fixture
def staff(client, publisher):
    client.force_login(publisher)
    return client


@pytest.fixture
def public(publisher):
    announcement = factories.AnnouncementFactory(draft=True, title="Annonce publique")
    for position, title in enumerate(("Cartonaut", "Phare"), 1):
        factories.LaureateFactory(
            announcement=announcement,
            title=title,
            slug=title.lower(),
            position=position,
            carriers=[factories.OrganisationFactory(name=f"Agence {position}")],
            themes=[factories.ThemeFactory()],
        )
    releases.publish(announcement, by=publisher)
    announcement.refresh_from_db()
    return announcement


@pytest.fixture
def draft(public, publisher):
    return releases.start_draft(public, by=publisher)


def page(announcement, name="", public_id=None):
    name = f"admin:laureates_announcement_draft{name and f'_{name}'}"
    return reverse(name, args=[announcement.pk, *([public_id] if public_id else [])])


def text_of(response):
    return response.content.decode()


def shown(response):
    """What sending the page's form back would send, carriers included."""
    data = {}
    forms = [response.context["form"]]
    if (carriers := response.context.get("carriers")) is not None:
        forms += [carriers.management_form, *carriers.forms]
    for form in forms:
        for field in form:
            value = field.value()
            name = field.html_name
            if value is None or value is False:
                continue
            if isinstance(value, list | tuple):
                data[name] = [str(item) for item in value]
            else:
                data[name] = field.field.prepare_value(value)
    return data


def edit(client, address, *, follow=True, **changes):
    data = {**shown(client.get(address)), **changes}
    return client.post(address, data, follow=follow)


def entries(announcement):
    row = ReleaseDraft.objects.get(announcement=announcement)
    return releases.content.of_draft(row)["laureates"]


# Begin -----------------------------------------------------------------------


def test_a_draft_is_begun_once_and_nothing_of_it_is_public(staff, public, client):
    response = staff.get(page(public))
    assert "Commencer le rectificatif" in text_of(response)
    for _ in range(2):
        response = staff.post(page(public), follow=True)
        assert response.redirect_chain == [(page(public), 302)]
    assert ReleaseDraft.objects.count() == 1
    assert "Aucune différence avec ce qui est public" in text_of(response)
    assert "ne change rien" in text_of(response)

    edit(staff, page(public, "announcement"), title="Annonce corrigée")

    assert Announcement.objects.get().title == "Annonce publique"
    client.logout()
    assert "corrigée" not in text_of(client.get(public.get_absolute_url()))


def test_an_announcement_that_nobody_saw_has_no_draft(staff):
    laureate = factories.LaureateFactory(announcement__draft=True)
    response = staff.get(page(laureate.announcement))
    assert "brouillon" in text_of(response)
    assert "<form" not in text_of(response).partition('id="content"')[2]
    staff.post(page(laureate.announcement))
    assert not ReleaseDraft.objects.exists()


@pytest.mark.parametrize(
    ("name", "takes_laureate"),
    [
        ("announcement", False),
        ("add", False),
        ("laureate", True),
        ("remove", True),
        ("publish", False),
        ("abandon", False),
        ("preview", False),
    ],
)
def test_a_page_of_a_draft_that_is_gone_says_so(name, takes_laureate, staff, public):
    address = page(public, name, public.laureates.first().public_id if takes_laureate else None)
    assert staff.get(address).url == page(public)
    if name != "preview":
        response = staff.post(address, {"version": "1"}, follow=True)
        assert "Ce rectificatif n’existe plus" in text_of(response)
    assert Release.objects.count() == 1


# Edit ------------------------------------------------------------------------


def test_the_announcement_s_fields_are_edited_and_their_differences_listed(staff, public, draft):
    address = page(public, "announcement")
    response = edit(
        staff, address, title="Annonce corrigée", committee_on="2019-09-23", call_year="2020"
    )
    assert response.redirect_chain == [(page(public), 302)]
    changes = {(row.label, row.before, row.after) for row in response.context["changes"]}
    assert ("Titre", "Annonce publique", "Annonce corrigée") in changes
    assert ("Date du comité", "—", "23\u00a0septembre 2019") in changes
    assert staff.get(address).context["form"]["committee_on"].value() == "2019-09-23"
    assert 'value="2019-09-23"' in text_of(staff.get(address))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"title": ""}, "Ce champ est obligatoire"),
        ({"call_year": "1515"}, "entre 2017 et 2100"),
        ({"call_year": "mille"}, "nombre entier"),
        ({"committee_on": "hier"}, "Écrivez la date ainsi"),
        ({"source_url": "pas une adresse"}, "URL"),
        ({"title": "x" * 300}, "250"),
        ({"title": "un\0deux"}, "nul"),
        ({"version": ""}, "Cette page est incomplète"),
        ({"version": "9" * 20}, "Cette page est incomplète"),
    ],
)
def test_what_cannot_be_true_is_refused_with_what_was_typed(changes, said, staff, public, draft):
    response = edit(staff, page(public, "announcement"), session_label="Gardée", **changes)
    assert response.status_code == 200
    assert said in text_of(response)
    assert 'value="Gardée"' in text_of(response)
    assert ReleaseDraft.objects.get().version == draft.version


def test_a_project_is_edited_with_its_carriers_themes_and_territories(staff, public, draft):
    laureate = public.laureates.get(title="Phare")
    theme = factories.ThemeFactory(name="Eau")
    region = factories.TerritoryFactory(name="Bretagne")
    factories.OrganisationFactory(name="Office de l’eau", slug="office-de-l-eau")
    address = page(public, "laureate", laureate.public_id)

    response = edit(
        staff,
        address,
        title="Le grand Phare",
        amount="1 250 000,50 €",
        themes=[theme.slug],
        territories=[f"region:{region.code}"],
        **{
            "porteurs-0-position": "2",
            "porteurs-1-organisation": "office de l’EAU",
            "porteurs-1-position": "1",
            "porteurs-1-role": "chef-de-file",
        },
    )

    assert response.redirect_chain == [(page(public), 302)], errors(response)
    entry = entries(public)[1]
    assert entry["title"] == "Le grand Phare"
    assert entry["former_titles"] == ["Phare"]
    assert entry["amount"] == "1250000.50"
    assert entry["themes"] == [theme.slug]
    assert entry["territories"] == [["region", region.code]]
    assert [(row["organisation"], row["role"]) for row in entry["carriers"]] == [
        ("office-de-l-eau", "chef-de-file"),
        (laureate.organisations.get().slug, None),
    ]
    assert entry["carriers"][0]["announced_name"] == "Office de l’eau"
    again = staff.get(address)
    assert shown(again)["amount"] == "1\u202f250\u202f000,50"
    assert shown(again)["territories"] == [f"region:{region.code}"]
    assert shown(again)["porteurs-0-organisation"] == "Office de l’eau"
    laureate.refresh_from_db()
    assert (laureate.title, laureate.amount) == ("Phare", None)


def errors(response):
    context = response.context or {}
    found = [form.errors for form in [context.get("form")] if form]
    return found + ([context["carriers"].errors] if context.get("carriers") else [])


def test_a_form_sent_back_untouched_changes_nothing(staff, public, draft):
    for address in (
        page(public, "announcement"),
        page(public, "laureate", public.laureates.first().public_id),
    ):
        response = edit(staff, address)
        assert response.redirect_chain == [(page(public), 302)], errors(response)
    assert ReleaseDraft.objects.get().version == draft.version
    assert ReleaseDraft.objects.get().content == draft.content


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount": "0"}, "supérieur à 0"),
        ({"amount": "1.250"}, "de deux façons"),
        ({"amount": "beaucoup"}, "Écrivez un montant en euros"),
        ({"amount": "9" * 20}, "trop de chiffres"),
        ({"funder_siret": "123"}, "SIRET"),
        ({"payment_period": "bientôt"}, "Un jour"),
        ({"themes": ["inconnu"]}, "inconnu"),
        ({"territories": ["region:zz"]}, "region:zz"),
        ({"porteurs-1-organisation": "Nulle part"}, "Aucun organisme ne s’appelle"),
        ({"porteurs-1-announced_name": "Sans fiche"}, "Choisissez l’organisme"),
        ({"porteurs-1-organisation": "Agence 1"}, "qu’une fois"),
        (
            {"porteurs-1-organisation": "Agence 2", "porteurs-1-position": "1"},
            "ont le même ordre",
        ),
        ({"porteurs-0-position": "zéro"}, "L’ordre est un nombre entier"),
        (
            {
                "porteurs-0-role": "chef-de-file",
                "porteurs-1-organisation": "Agence 2",
                "porteurs-1-role": "chef-de-file",
            },
            "un chef de file",
        ),
        ({"porteurs-0-role": "roi"}, "roi"),
        ({"porteurs-TOTAL_FORMS": "mille"}, "Cette page est incomplète"),
    ],
)
def test_a_project_that_cannot_be_true_is_refused(changes, said, staff, public, draft):
    laureate = public.laureates.get(title="Cartonaut")
    address = page(public, "laureate", laureate.public_id)
    response = edit(staff, address, summary="Résumé gardé", **changes)
    assert response.status_code == 200
    assert "Rien n’a été enregistré" in text_of(response)
    assert said in text_of(response)
    assert "Résumé gardé" in text_of(response)
    assert ReleaseDraft.objects.get().version == draft.version


def test_a_carrier_is_removed_by_its_box_or_by_emptying_its_row(staff, public, draft):
    for laureate, changes in zip(
        public.laureates.all(),
        (
            {"porteurs-0-DELETE": "on"},
            {"porteurs-0-organisation": "", "porteurs-0-announced_name": ""},
        ),
        strict=True,
    ):
        response = edit(staff, page(public, "laureate", laureate.public_id), **changes)
        assert response.redirect_chain == [(page(public), 302)], errors(response)
    assert [entry["carriers"] for entry in entries(public)] == [[], []]


def test_a_project_is_added_then_given_up(staff, public, draft):
    response = edit(staff, page(public, "add"), title="Boussole")
    assert "Le projet est ajouté" in text_of(response), errors(response)
    added = entries(public)[2]
    assert (added["title"], added["position"]) == ("Boussole", 3)
    remove = page(public, "remove", added["public_id"])
    assert remove in text_of(response)
    assert page(public, "remove", public.laureates.first().public_id) not in text_of(response)

    version = ReleaseDraft.objects.get().version
    staff.get(remove)
    assert len(entries(public)) == 3
    response = staff.post(remove, {"version": version}, follow=True)
    assert "ne figure plus dans le rectificatif" in text_of(response)
    assert len(entries(public)) == 2
    assert staff.post(remove, {"version": version}).status_code == 404


def test_a_public_project_is_not_removed_from_a_draft(staff, public, draft):
    address = page(public, "remove", public.laureates.first().public_id)
    response = staff.post(address, {"version": draft.version})
    assert "il se retire, avec un motif" in text_of(response)
    assert len(entries(public)) == 2


@pytest.mark.parametrize("public_id", ["inconnu", "essai99999", "%F0%9F%92%A9"])
def test_a_project_that_the_draft_does_not_hold_is_404(public_id, staff, public, draft):
    base = page(public)
    for address in (f"laureats/{public_id}/", f"laureats/{public_id}/retirer/"):
        assert staff.get(base + address).status_code == 404
    assert staff.get(f"{base}apercu/{public_id}/").status_code == 404


def test_a_withdrawn_project_is_no_longer_edited(staff, public, draft, publisher):
    laureate = public.laureates.get(title="Phare")
    releases.withdraw_laureate(laureate, by=publisher, reason="À sa demande")
    assert staff.get(page(public, "laureate", laureate.public_id)).status_code == 404
    assert "Projet retiré" in text_of(staff.get(page(public)))


# Two people ------------------------------------------------------------------


def test_a_stale_form_is_refused_with_both_values_then_saved_knowingly(staff, public, draft):
    address = page(public, "announcement")
    mine = shown(staff.get(address))
    edit(staff, address, title="De la collègue")

    response = staff.post(address, {**mine, "title": "De moi"})

    text = text_of(response)
    assert response.status_code == 200
    assert response.context["stale"] == [("Titre", "De la collègue", "De moi")]
    assert "Rien n’a été enregistré" in text
    assert "De la collègue" in text
    again = staff.post(address, {**shown(response), "title": "De moi"}, follow=True)
    assert again.redirect_chain == [(page(public), 302)]
    assert releases.content.of_draft(ReleaseDraft.objects.get())["announcement"]["title"] == (
        "De moi"
    )


def test_a_second_click_on_save_is_no_conflict(staff, public, draft):
    address = page(public, "announcement")
    data = {**shown(staff.get(address)), "title": "Corrigé"}
    staff.post(address, data)
    response = staff.post(address, data, follow=True)
    assert "C’était déjà enregistré" in text_of(response)


def test_what_was_read_is_what_is_published(staff, public, draft):
    edit(staff, page(public, "announcement"), title="Corrigé")
    read = shown(staff.get(page(public, "publish")))
    edit(staff, page(public, "announcement"), title="Changé entre-temps")
    response = staff.post(page(public, "publish"), read)
    assert "a changé depuis" in text_of(response)
    assert Release.objects.count() == 1


# End -------------------------------------------------------------------------


def test_a_draft_is_published_once_with_its_proposed_words(staff, public, draft):
    laureate = public.laureates.get(title="Phare")
    edit(staff, page(public, "laureate", laureate.public_id), title="Le grand Phare")
    address = page(public, "publish")
    response = staff.get(address)
    data = shown(response)
    assert data["changelog"].startswith("Projet nᵒ\u00a02 «\u00a0Phare\u00a0», titre")
    assert "anciens titres" not in data["changelog"]
    assert "2 différences avec ce qui est public" in text_of(response)

    response = staff.post(address, data, follow=True)

    assert "La version 2 est publique." in text_of(response)
    laureate.refresh_from_db()
    assert laureate.title == "Le grand Phare"
    release = public.releases.get(number=2)
    assert (release.kind, release.changelog) == (Release.Kind.CORRECTION, data["changelog"])
    again = staff.post(address, data, follow=True)
    assert "Ce rectificatif n’existe plus" in text_of(again)
    assert public.releases.count() == 2


def test_a_version_without_words_is_refused(staff, public, draft):
    edit(staff, page(public, "announcement"), title="Corrigé")
    response = edit(staff, page(public, "publish"), changelog=" ")
    assert "Dites aux visiteurs ce qui change" in text_of(response)
    assert Release.objects.count() == 1


def test_a_draft_that_changes_nothing_is_not_published(staff, public, draft):
    response = staff.get(page(public, "publish"))
    assert "ne change rien" in text_of(response)
    assert page(public, "publish") not in text_of(staff.get(page(public)))
    staff.post(page(public, "publish"), {"version": draft.version, "changelog": "Rien"})
    assert Release.objects.count() == 1


def test_a_draft_is_abandoned_after_a_confirmation(staff, public, draft):
    edit(staff, page(public, "announcement"), title="Corrigé")
    assert "est effacé" in text_of(staff.get(page(public, "abandon")))
    assert ReleaseDraft.objects.exists()
    response = staff.post(page(public, "abandon"), follow=True)
    assert "rien n’a changé pour les visiteurs" in text_of(response)
    assert response.redirect_chain == [(url(public), 302)]
    assert not ReleaseDraft.objects.exists()
    assert Announcement.objects.get().title == "Annonce publique"


def test_a_long_list_of_changes_is_proposed_in_short(staff, public, draft):
    for position in range(3, 13):
        edit(staff, page(public, "add"), title=f"Projet ajouté {position}")
    text = shown(staff.get(page(public, "publish")))["changelog"]
    assert len(text.splitlines()) == 9
    assert text.endswith("Et 2 autres changements.")


# Cost ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "budget"), [("", 26), ("announcement", 8), ("add", 11), ("publish", 26)]
)
def test_the_pages_of_a_draft_cost_the_same_whatever_the_number_of_projects(
    name, budget, staff, public, publisher, django_assert_max_num_queries
):
    address = page(public, name)
    draft = releases.start_draft(public, by=publisher)
    with django_assert_max_num_queries(budget):
        staff.get(address)
    releases.abandon_draft(draft, by=publisher)
    for position in (3, 4, 5):
        factories.LaureateFactory(
            announcement=public, position=position, carriers=[factories.OrganisationFactory()]
        )
    releases.start_draft(public, by=publisher)
    with django_assert_max_num_queries(budget):
        staff.get(address)
    assert Laureate.objects.count() == 5
