"""Reads and fills the staff site's forms as a browser would."""

from html.parser import HTMLParser

from django.urls import reverse


def url(row_or_model, page="changelist"):
    """The address of a screen: a model and « changelist » or « add », a row and its page."""
    opts = row_or_model._meta
    args = [] if isinstance(row_or_model, type) else [row_or_model.pk]
    if args and page == "changelist":
        page = "change"
    return reverse(f"admin:{opts.app_label}_{opts.model_name}_{page}", args=args)


class _Form(HTMLParser):
    """The values that submitting the change form of a page would send."""

    def __init__(self):
        super().__init__()
        self.data = {}
        self.inside = False
        self.select = self.area = None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        name = attributes.get("name")
        if tag == "form":
            self.inside = attributes.get("id", "").endswith("_form")
        elif not self.inside or (name and "__prefix__" in name):
            return
        elif tag == "input" and name:
            kind = attributes.get("type", "text")
            if kind in ("submit", "file"):
                return
            if kind not in ("checkbox", "radio"):
                self.data[name] = attributes.get("value") or ""
            elif "checked" in attributes:
                self.data[name] = attributes.get("value", "on")
        elif tag == "select":
            self.select, self.multiple = name, "multiple" in attributes
            if self.multiple:
                self.data[name] = []
            else:
                self.data[name] = None
        elif tag == "option" and self.select:
            value = attributes.get("value", "")
            if self.multiple:
                if "selected" in attributes:
                    self.data[self.select].append(value)
            elif "selected" in attributes or self.data[self.select] is None:
                self.data[self.select] = value
        elif tag == "textarea":
            self.area, self.data[name] = name, ""

    def handle_endtag(self, tag):
        if tag == "form":
            self.inside = False
        elif tag == "select":
            if self.select and self.data[self.select] is None:
                self.data[self.select] = ""
            self.select = None
        elif tag == "textarea" and self.area:
            # The first line end of a text area is not part of its value.
            self.data[self.area] = self.data[self.area].removeprefix("\n")
            self.area = None

    def handle_data(self, text):
        if self.area:
            self.data[self.area] += text


def form_data(response):
    """{name: value} of the change form in `response`, as displayed."""
    form = _Form()
    form.feed(response.content.decode())
    return form.data


def errors_of(response):
    """Every error that the page shows, forms and rows alike, in one text."""
    context = response.context
    forms = [context["adminform"].form]
    texts = []
    for inline in context["inline_admin_formsets"]:
        texts += inline.formset.non_form_errors()
        forms += inline.formset.forms
    texts += [error for form in forms for errors in form.errors.values() for error in errors]
    return "\n".join(texts)


def save(client, row_or_model, *, follow=False, **changes):
    """Open the form, change some values and save; the answer to the POST."""
    page = "add" if isinstance(row_or_model, type) else "change"
    address = url(row_or_model, page)
    data = form_data(client.get(address))
    assert data, f"{address} : pas de formulaire"
    return client.post(address, {**data, **changes, "_save": "Enregistrer"}, follow=follow)
