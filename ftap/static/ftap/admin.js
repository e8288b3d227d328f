/* Names, for assistive technologies, what the stock widgets build without a name. */
"use strict";

(() => {
  const labelOf = (element) => {
    const label = element.labels && element.labels[0];
    const text = label ? label.textContent : element.getAttribute("aria-label");
    return (text || "").replace(/\s*:\s*$/, "").trim();
  };

  /* Select2 names its box by the chosen value, which may be empty, and its search by nothing. */
  const mendSelect = (select) => {
    const box = select.parentElement.querySelector(".select2-selection");
    if (!box) {
      /* Select2 has not built it yet. */
      const observer = new MutationObserver(() => {
        observer.disconnect();
        mendSelect(select);
      });
      observer.observe(select.parentElement, { childList: true });
      return;
    }
    const name = labelOf(select);
    const list = box.querySelector("ul");
    if (!list) {
      const value = box.querySelector(".select2-selection__rendered");
      value.removeAttribute("role");
      value.removeAttribute("aria-readonly");
      box.setAttribute("aria-label", name);
      box.setAttribute("aria-describedby", value.id);
      box.removeAttribute("aria-labelledby");
      return;
    }
    const mendList = () => {
      list.setAttribute("role", "presentation");
      list.querySelectorAll(":scope > li").forEach((item) => {
        item.setAttribute("role", "presentation");
      });
      const search = list.querySelector(".select2-search__field");
      if (search) {
        search.setAttribute("aria-label", name);
      }
    };
    mendList();
    new MutationObserver(mendList).observe(list, { childList: true });
  };

  const mend = (root) => {
    root.querySelectorAll("select.admin-autocomplete").forEach(mendSelect);
    /* The two lists of a many-to-many field: their help is an icon. */
    root.querySelectorAll("span.help-tooltip[aria-label]").forEach((icon) => {
      icon.setAttribute("role", "img");
    });
  };

  window.addEventListener("load", () => mend(document));
  document.addEventListener("formset:added", (event) => mend(event.target));
})();
