// Where people type. Enter sends; "/" offers commands, "@" people, "#" channels; ArrowUp in an empty field brings back what was sent.
import { completions } from "./completion.js";
import { fill, h, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { store } from "./store.js";

const KEPT = 50;

/** A composer; `onSend(text)` resolves to false to keep the text in the field. */
export class Composer {
  constructor({ label, placeholder, onSend, commands = true, testid = "composer" }) {
    Object.assign(this, { onSend, commands, shown: [], active: 0, past: -1, draft: "" });
    this.listId = uniqueId("completions");
    this.input = h("textarea", {
      rows: "1",
      class: "composer-input",
      placeholder,
      "aria-label": label,
      "aria-multiline": "true",
      "aria-autocomplete": "list",
      "aria-haspopup": "listbox",
      "aria-controls": this.listId,
      data: { testid: `${testid}-input` },
    });
    this.list = h("div", {
      class: "completions listbox",
      role: "listbox",
      id: this.listId,
      "aria-label": "Suggestions",
      hidden: true,
      data: { testid: `${testid}-completions` },
    });
    this.send = h(
      "button",
      {
        type: "submit",
        class: "send",
        "aria-label": "Send",
        disabled: true,
        data: { testid: `${testid}-send` },
      },
      icon("send"),
    );
    this.node = h(
      "form",
      { class: "composer", data: { testid }, on: { submit: (event) => this.submit(event) } },
      this.list,
      h("div", { class: "composer-box" }, this.input, this.send),
      h("p", { class: "composer-hint", "aria-hidden": "true" }, "Enter sends, Shift+Enter starts a new line"),
    );
    this.listen();
  }

  listen() {
    this.input.addEventListener("input", () => {
      this.past = -1;
      this.changed();
    });
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("click", () => this.suggest());
    this.input.addEventListener("blur", () => setTimeout(() => this.hide(), 0));
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const row = event.target.closest("[role=option]");
      if (row) this.complete(this.shown[Number(row.dataset.index)]);
    });
  }

  /** Put a text into the field and the caret behind it. */
  write(text) {
    this.input.value = text;
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
    this.changed();
  }

  changed() {
    this.grow();
    this.send.disabled = this.input.value.trim() === "";
    this.suggest();
  }

  grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, 180)}px`;
  }

  suggest() {
    const { value, selectionStart } = this.input;
    const found = completions(value, selectionStart, { commands: this.commands });
    if (!found.length) return this.hide();
    this.shown = found;
    fill(
      this.list,
      found.map((item, index) =>
        h(
          "div",
          {
            role: "option",
            id: `${this.listId}-${index}`,
            class: "list-row",
            "aria-selected": "false",
            data: { index },
          },
          item.picture?.(),
          h(
            "span",
            { class: "list-words" },
            h(
              "span",
              { class: "list-title" },
              item.title,
              item.hint ? h("span", { class: "list-hint" }, ` ${item.hint}`) : null,
            ),
            item.about ? h("span", { class: "list-description" }, item.about) : null,
          ),
        ),
      ),
    );
    this.list.hidden = false;
    this.activate(0);
    return undefined;
  }

  hide() {
    this.shown = [];
    this.list.hidden = true;
    this.input.removeAttribute("aria-activedescendant");
  }

  activate(index) {
    this.active = (index + this.shown.length) % this.shown.length;
    this.list.querySelectorAll("[role=option]").forEach((row, number) => {
      row.classList.toggle("active", number === this.active);
      row.setAttribute("aria-selected", String(number === this.active));
      if (number !== this.active) return;
      this.input.setAttribute("aria-activedescendant", row.id);
      row.scrollIntoView({ block: "nearest" });
    });
  }

  complete(item) {
    const { value, selectionStart } = this.input;
    const start = value.slice(0, item.from) + item.insert;
    this.input.value = start + value.slice(selectionStart);
    this.input.setSelectionRange(start.length, start.length);
    this.hide();
    this.changed();
  }

  key(event) {
    if (event.isComposing) return;
    if (this.shown.length && this.keyInList(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit(event);
    } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      this.recall(event);
    }
  }

  keyInList(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.activate(this.active + step);
    else if (event.key === "Tab" && !event.shiftKey) this.complete(this.shown[this.active]);
    else if (event.key === "Enter" && !event.shiftKey) this.complete(this.shown[this.active]);
    else if (event.key === "Escape") this.hide();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  recall(event) {
    const history = readHistory();
    const up = event.key === "ArrowUp";
    const atStart = this.input.selectionStart === 0 && this.input.selectionEnd === 0;
    if (this.past < 0 && (!up || (this.input.value !== "" && !atStart))) return;
    const next = up ? Math.min(this.past + 1, history.length - 1) : this.past - 1;
    if (next === this.past) return;
    event.preventDefault();
    if (this.past < 0) this.draft = this.input.value;
    this.past = next;
    this.input.value = next < 0 ? this.draft : history[history.length - 1 - next];
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
    this.grow();
    this.send.disabled = this.input.value.trim() === "";
    this.hide();
  }

  async submit(event) {
    event.preventDefault();
    const text = this.input.value.trim();
    if (text === "") return;
    this.input.value = "";
    this.past = -1;
    this.changed();
    remember(text);
    const sent = await this.onSend(text);
    if (sent === false && this.input.value === "") this.write(text);
    else this.send.disabled = this.input.value.trim() === "";
  }
}

const historyKey = () => `sent:${store.me?.id}`;

function readHistory() {
  try {
    return JSON.parse(sessionStorage.getItem(historyKey()) ?? "[]");
  } catch {
    return [];
  }
}

function remember(text) {
  const history = readHistory().filter((known) => known !== text);
  try {
    sessionStorage.setItem(historyKey(), JSON.stringify([...history, text].slice(-KEPT)));
  } catch {
    // a browser that keeps nothing loses the history, not the message
  }
}
