/* The sitting's workspace, better with a script: acts in place, sheets on demand, scenarios that
   answer at once. Every figure shown is made by the server. */
"use strict";

(() => {
  const status = document.getElementById("sitting-status");
  const LOST = "La réponse attendue n’est pas venue\u00a0: rouvrez la page pour voir ce qui est enregistré.";
  const REFUSED = "Cet acte n’est pas possible ici\u00a0: rouvrez la page, il a pu être fait par quelqu’un d’autre.";

  const say = (text) => {
    const words = document.createElement("p");
    words.textContent = text;
    status.className = "sitting-status sitting-status--refused";
    status.replaceChildren(words);
    status.focus();
  };

  const isDirty = (part) =>
    part.matches("form[data-dirty]") || part.querySelector("form[data-dirty]") !== null;

  /* Fields that the chosen outcome has no use for are put away, and not sent. */
  const sift = (form) => {
    const outcome = form.elements.namedItem("outcome");
    form.querySelectorAll("[data-for]").forEach((part) => {
      const wanted = part.dataset.for === outcome.value || part.querySelector(".errorlist") !== null;
      part.hidden = !wanted;
      part.querySelectorAll("input").forEach((input) => {
        input.disabled = !wanted;
      });
    });
  };
  const siftAll = (root) => root.querySelectorAll("form.sitting-proposal").forEach(sift);

  /* Parts of the page ------------------------------------------------------ */

  /* What was unfolded stays so, and what was fetched is kept. */
  const carryOver = (from, to) => {
    const sheet = from.querySelector("details.sitting-sheet");
    const place = to.querySelector("details.sitting-sheet");
    if (sheet && place) {
      place.replaceWith(sheet);
    }
  };

  const mergeAgenda = (fresh, stale) => {
    fresh.querySelectorAll("tbody[data-fragment]").forEach((row) => {
      const shown = document.getElementById(row.id);
      if (!shown) {
        return;
      }
      if (isDirty(shown)) {
        shown.querySelector(".sitting-number").replaceWith(row.querySelector(".sitting-number"));
        row.replaceWith(shown);
      } else {
        const act = row.querySelector("details.sitting-act");
        const former = shown.querySelector("details.sitting-act");
        if (act && former && former.open) {
          act.open = true;
        }
        carryOver(shown, row);
      }
    });
    stale.replaceWith(fresh);
    siftAll(fresh);
  };

  const merge = (fresh) => {
    const stale = document.getElementById(fresh.id);
    if (!stale) {
      return;
    }
    if (fresh.id === "sitting-status") {
      stale.className = fresh.className;
      stale.replaceChildren(...fresh.childNodes);
    } else if (fresh.id === "agenda") {
      mergeAgenda(fresh, stale);
    } else if (fresh.id === "presences") {
      if (!isDirty(stale) || fresh.querySelector(".errorlist, .ftap-conflicts")) {
        fresh.open = fresh.open || stale.open;
        stale.replaceWith(fresh);
      }
    } else {
      carryOver(stale, fresh);
      stale.replaceWith(fresh);
      siftAll(fresh);
    }
  };

  const focusAfter = (id, refused) => {
    const part = document.getElementById(id);
    const wrong =
      refused &&
      part &&
      (part.querySelector(".ftap-conflicts") ||
        part.querySelector("[aria-invalid='true']") ||
        part.querySelector(".errorlist"));
    if (wrong) {
      if (wrong.tabIndex < 0) {
        wrong.tabIndex = -1;
      }
      wrong.focus();
    } else if (part) {
      const target = part.querySelector("details.sitting-act > summary") || part.querySelector("summary");
      (target || status).focus();
    } else {
      status.focus();
    }
  };

  /* Acts ------------------------------------------------------------------- */

  const send = async (form, submitter) => {
    const own = submitter && submitter.hasAttribute("formaction");
    const body = new FormData(form);
    if (submitter && submitter.name) {
      body.append(submitter.name, submitter.value);
    }
    const home = form.closest("tbody[data-fragment], details[data-fragment]");
    form.setAttribute("aria-busy", "true");
    let answer;
    try {
      const response = await fetch(own ? submitter.formAction : form.action, {
        method: "POST",
        body,
        headers: { "X-Fragment": "sitting" },
        credentials: "same-origin",
      });
      if (!response.ok) {
        say(REFUSED);
        return;
      }
      answer = new DOMParser().parseFromString(await response.text(), "text/html");
    } catch {
      say(LOST);
      return;
    } finally {
      form.removeAttribute("aria-busy");
    }
    const said = answer.getElementById("sitting-status");
    if (!said || !said.hasAttribute("data-fragment")) {
      say(LOST);
      return;
    }
    const refused = said.hasAttribute("data-refused");
    if (!refused) {
      form.removeAttribute("data-dirty");
    }
    [...answer.querySelectorAll("[data-fragment]")]
      .filter((part) => !part.parentElement.closest("[data-fragment]"))
      .forEach((part) => merge(document.adoptNode(part)));
    focusAfter(home && home.id, refused);
    if (refused) {
      /* What was refused is still to be saved. */
      const again = home && document.getElementById(home.id);
      const kept = again && again.querySelector("form.sitting-proposal, form[data-live]");
      if (kept) {
        kept.dataset.dirty = "";
      }
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-live]")) {
      form.removeAttribute("data-dirty");
      return;
    }
    event.preventDefault();
    if (form.getAttribute("aria-busy") !== "true") {
      send(form, event.submitter);
    }
  });

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form && form.matches("form.sitting-proposal, #presences form")) {
      form.dataset.dirty = "";
    }
  });

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (form && event.target.name === "outcome") {
      sift(form);
    }
  });

  window.addEventListener("beforeunload", (event) => {
    if (isDirty(document.body)) {
      event.preventDefault();
    }
  });

  /* Sheets ----------------------------------------------------------------- */

  const openSheet = async (details) => {
    const place = details.querySelector("[data-sheet]");
    if (!place || place.dataset.state) {
      return;
    }
    place.dataset.state = "asked";
    place.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(place.dataset.sheet, {
        headers: { "X-Fragment": "sheet" },
        credentials: "same-origin",
      });
      const text = response.ok ? await response.text() : "";
      const sheet = new DOMParser().parseFromString(text, "text/html").querySelector(".ftap-sheet");
      if (sheet) {
        place.prepend(document.adoptNode(sheet));
      } else {
        delete place.dataset.state;
      }
    } catch {
      /* The link to the sheet's own page stays. */
      delete place.dataset.state;
    }
    place.removeAttribute("aria-busy");
  };

  document.addEventListener(
    "toggle",
    (event) => {
      if (event.target.matches("details.sitting-sheet") && event.target.open) {
        openSheet(event.target);
      }
    },
    true,
  );

  /* Scenarios -------------------------------------------------------------- */

  const scenario = document.querySelector("form[data-scenario]");
  if (scenario) {
    let waiting = null;
    const weigh = async () => {
      if (waiting) {
        waiting.abort();
      }
      waiting = new AbortController();
      const result = document.getElementById("scenario-result");
      const query = new URLSearchParams();
      query.append("calculer", "1");
      scenario.querySelectorAll("input[name=dossier]:checked").forEach((box) => {
        query.append("dossier", box.value);
      });
      result.setAttribute("aria-busy", "true");
      try {
        const response = await fetch(`${scenario.dataset.scenario}?${query}`, {
          headers: { "X-Fragment": "scenario" },
          credentials: "same-origin",
          signal: waiting.signal,
        });
        const text = response.ok ? await response.text() : "";
        const fresh = new DOMParser().parseFromString(text, "text/html").getElementById("scenario-result");
        if (fresh) {
          result.replaceChildren(...document.adoptNode(fresh).childNodes);
          result.removeAttribute("aria-busy");
        }
      } catch (error) {
        if (error.name !== "AbortError") {
          result.removeAttribute("aria-busy");
        }
      }
    };
    scenario.addEventListener("change", (event) => {
      if (event.target.name === "dossier") {
        weigh();
      }
    });
  }

  siftAll(document);
})();
