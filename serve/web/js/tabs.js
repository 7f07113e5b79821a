/**
 * Tabs by the ARIA pattern: arrows, Home and End move, the tab that is moved to opens, and the address remembers it.
 *
 * A panel hears of it by the events `tabshown` and `tabhidden`.
 */
export function startTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const panelOf = (tab) => document.getElementById(tab.getAttribute("aria-controls"));

  function open(tab) {
    for (const other of tabs) {
      const selected = other === tab;
      other.setAttribute("aria-selected", String(selected));
      other.tabIndex = selected ? 0 : -1;
      const panel = panelOf(other);
      const was = !panel.hidden;
      panel.hidden = !selected;
      if (was !== selected) panel.dispatchEvent(new Event(selected ? "tabshown" : "tabhidden"));
    }
  }

  function openFromAddress() {
    open(tabs.find((tab) => `#${panelOf(tab).id}` === location.hash) ?? tabs[0]);
  }

  list.addEventListener("click", ({ target }) => {
    const tab = target.closest("[role=tab]");
    if (tab) visit(tab);
  });
  list.addEventListener("keydown", (event) => {
    const place = tabs.indexOf(document.activeElement);
    const steps = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: tabs.length - 1 };
    if (place < 0 || !(event.key in steps)) return;
    event.preventDefault();
    const tab = tabs.at(steps[event.key] % tabs.length);
    visit(tab);
    tab.focus();
  });
  addEventListener("popstate", openFromAddress);
  openFromAddress();

  function visit(tab) {
    // Not `location.hash = …`: that would scroll.
    history.replaceState(null, "", `#${panelOf(tab).id}`);
    open(tab);
  }
}
