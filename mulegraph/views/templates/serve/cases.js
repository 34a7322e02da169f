"use strict";
document.getElementById("draw").addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = document.getElementById("said"), subject = /** @type {HTMLInputElement} */ (document.getElementById("subject")).value.trim();
  if (!subject) return;
  said.textContent = document.body.dataset.drawing;
  try {
    location.href = (await ask("/draw", { what: "subject", account: subject })).address;
  } catch (error) {
    said.textContent = error.message;
  }
});
for (const box of document.querySelectorAll("#states input")) {
  box.addEventListener("change", () => {
    const { value, checked } = /** @type {HTMLInputElement} */ (box);
    for (const row of document.querySelectorAll(`tr[data-status="${value}"]`)) row.toggleAttribute("hidden", !checked);
  });
}
document.documentElement.dataset.ready = "yes";
