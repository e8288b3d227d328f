/* Ticks or clears every column of an export at once. */
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const columns = document.querySelector("[data-export-columns]");
  if (!columns) {
    return;
  }
  const boxes = columns.querySelectorAll("input[type=checkbox]");
  const tools = document.createElement("p");
  tools.className = "ftap-export-tools";
  [
    ["Tout cocher", true],
    ["Tout décocher", false],
  ].forEach(([label, checked]) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = label;
    button.addEventListener("click", () => {
      boxes.forEach((box) => {
        box.checked = checked;
      });
    });
    tools.append(button, " ");
  });
  columns.before(tools);
});
