import { el } from "./dom.js";
import { KIND_NAMES, kindOf } from "./highlight.js";
import { idLinks } from "./identifiers.js";
import { percent } from "./format.js";

const MARGIN_PX = 8;
const LEAVE_MS = 180;

/**
 * The card that says what a marked piece of text was read as. One for a text: it opens on hover, on focus and on tap,
 * stays while the pointer is on it, and closes on Escape.
 */
export class MentionCard {
  #card = el("span", { class: "card", popover: "manual" });
  #opener = null;
  #leaving = 0;

  constructor() {
    this.#card.addEventListener("pointerenter", () => clearTimeout(this.#leaving));
    this.#card.addEventListener("pointerleave", () => this.#leave());
    this.#card.addEventListener("focusout", (event) => this.#blurred(event));
    this.#card.addEventListener("keydown", (event) => this.#closeOnEscape(event));
  }

  /** Let a marked piece of text open the card for the mentions it stands for. */
  attach(mark, mentions) {
    const open = () => this.#open(mark, mentions);
    mark.setAttribute("aria-expanded", "false");
    mark.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && open());
    mark.addEventListener("pointerleave", () => this.#leave());
    mark.addEventListener("focus", open);
    mark.addEventListener("click", open);
    mark.addEventListener("blur", (event) => this.#blurred(event));
    mark.addEventListener("keydown", (event) => {
      this.#closeOnEscape(event);
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      open();
    });
  }

  #open(mark, mentions) {
    clearTimeout(this.#leaving);
    if (this.#opener === mark) return;
    this.#close();
    this.#opener = mark;
    this.#card.replaceChildren(...mentions.map(cardEntry));
    // Next to its mark, so that Tab goes from the one to the links in the other.
    mark.after(this.#card);
    mark.setAttribute("aria-expanded", "true");
    this.#card.showPopover();
    this.#place(mark.getClientRects()[0]);
  }

  #place(anchor) {
    const { width, height } = this.#card.getBoundingClientRect();
    const page = document.documentElement;
    const left = Math.min(Math.max(anchor.left, MARGIN_PX), page.clientWidth - width - MARGIN_PX);
    const fitsBelow = anchor.bottom + height + MARGIN_PX < page.clientHeight;
    this.#card.style.left = `${left}px`;
    this.#card.style.top = `${fitsBelow ? anchor.bottom + 6 : Math.max(MARGIN_PX, anchor.top - height - 6)}px`;
  }

  #leave() {
    clearTimeout(this.#leaving);
    this.#leaving = setTimeout(() => this.#hasFocus() || this.#close(), LEAVE_MS);
  }

  #blurred({ relatedTarget }) {
    if (!this.#card.contains(relatedTarget) && relatedTarget !== this.#opener) this.#close();
  }

  #closeOnEscape(event) {
    if (event.key !== "Escape" || !this.#opener) return;
    event.preventDefault(); // around it there may be a dialog, which would close as well
    const opener = this.#opener;
    this.#close();
    opener.focus();
    this.#close();
  }

  #hasFocus() {
    return document.activeElement === this.#opener || this.#card.contains(document.activeElement);
  }

  #close() {
    this.#opener?.setAttribute("aria-expanded", "false");
    this.#opener = null;
    if (this.#card.isConnected) this.#card.hidePopover();
    this.#card.remove();
  }
}

function cardEntry(mention) {
  const kind = kindOf(mention);
  return el(
    "span",
    { class: "card-entry" },
    el("strong", {}, mention.disease),
    el("span", { class: `kind ${kind}` }, KIND_NAMES[kind]),
    el("span", { class: "fine" }, idLinks(mention.ids)),
    el(
      "span",
      { class: "fine" },
      `confidence ${percent(mention.confidence)} · ${mention.field} ${mention.start}–${mention.end}`,
    ),
  );
}
