import { el } from "./dom.js";

const STORED = "pubserve-key";

let asking = null;
let declined = false;

/** The API key, null while there is none. It is this tab's, and goes when the tab is closed. */
export function storedKey() {
  return sessionStorage.getItem(STORED);
}

/**
 * Asks the reader for an API key: once, however many wait for it.
 *
 * @param {string} why what the service says
 * @param {boolean} insist also after the reader said that there is none
 * @returns {Promise<string|null>} null if there is none
 */
export function askForKey(why, insist) {
  if (declined && !insist) return Promise.resolve(null);
  asking ??= dialogAnswer(why).then((key) => {
    asking = null;
    declined = key === null;
    if (key !== null) sessionStorage.setItem(STORED, key);
    return key;
  });
  return asking;
}

function dialogAnswer(why) {
  const input = el("input", { id: "api-key", type: "password", autocomplete: "off", required: true });
  const decline = el("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, "I have none");
  const dialog = el(
    "dialog",
    { class: "key", "aria-labelledby": "key-title" },
    el("h2", { id: "key-title" }, "A key, please"),
    el("p", {}, why),
    el(
      "form",
      { method: "dialog" },
      el("label", { for: "api-key" }, "API key"),
      input,
      el("button", { class: "primary", value: "given" }, "Use it"),
      decline,
    ),
    el("p", { class: "fine" }, "It is kept in this tab alone, and forgotten when you close it."),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "given" ? input.value.trim() : null);
    }),
  );
}
