// Says that a long act is under way, and reads a file on, batch after batch, while its page is open.
// Without it, the act is only silent, and a button reads on.
"use strict";

(() => {
  for (const form of document.querySelectorAll("[data-import-wait]")) {
    const status = form.querySelector("[data-import-status]");
    const buttons = form.querySelectorAll("input[type=submit]");
    const wait = (isWaiting) => {
      status.textContent = isWaiting ? form.dataset.importWait : "";
      for (const button of buttons) button.disabled = isWaiting;
    };
    form.addEventListener("submit", () => wait(true));
    // The page found again by the back button is ready to send.
    window.addEventListener("pageshow", () => wait(false));
  }
})();

(() => {
  const form = document.querySelector("[data-import-advance]");
  if (!form) return;
  const bar = document.getElementById("progression");
  const text = document.getElementById("progression-texte");
  const error = document.getElementById("progression-erreur");

  const fail = (message) => {
    error.textContent = message;
    error.hidden = false;
    form.hidden = false;
  };

  const advance = async () => {
    let response;
    try {
      response = await fetch(form.action, {
        method: "POST",
        headers: { Accept: "application/json" },
        body: new FormData(form),
      });
    } catch {
      fail("Le serveur ne répond pas : la lecture reprendra où elle en est. Réessayez.");
      return;
    }
    const type = response.headers.get("Content-Type") || "";
    if (!type.startsWith("application/json")) {
      window.location.reload();
      return;
    }
    const told = await response.json();
    if (!response.ok) {
      fail(told.message);
      return;
    }
    if (bar && told.total) bar.value = told.read;
    text.textContent = told.text;
    if (told.stage === "reading") advance();
    else window.location.replace(told.url);
  };

  form.hidden = true;
  advance();
})();
