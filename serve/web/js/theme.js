// Light, dark, or as the system has it; what was chosen is kept in this browser.
(() => {
  const KEY = "pubserve-theme";

  function stored() {
    try {
      return localStorage.getItem(KEY) ?? "auto";
    } catch {
      return "auto"; // storage may be switched off
    }
  }

  function apply(theme) {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => {
    for (const choice of document.querySelectorAll("input[name=theme]")) {
      choice.checked = choice.value === stored();
      choice.addEventListener("change", () => {
        apply(choice.value);
        try {
          localStorage.setItem(KEY, choice.value);
        } catch {
          // It holds for this visit, then.
        }
      });
    }
  });
})();
