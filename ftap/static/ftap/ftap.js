// What needs a script: it shows the buttons that only a script can answer, and copies an address.
document.documentElement.classList.add("ftap-js");

for (const button of document.querySelectorAll("[data-ftap-copy]")) {
  const field = document.getElementById(button.dataset.ftapCopy);
  const status = document.querySelector("[data-ftap-copied]");
  if (!field || !status || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      status.textContent = status.dataset.ftapCopied;
    } catch {
      status.textContent = "L’adresse est sélectionnée : copiez-la avec Ctrl + C.";
    }
  });
}
