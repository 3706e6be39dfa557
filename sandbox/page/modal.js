// The person's stack of modals. The server holds the stack; the page shows its top.
import * as api from "./api.js";
import { drawBlocks } from "./blocks.js";
import { fill, focusMark, FOCUSABLE, h, restoreFocus, uniqueId } from "./dom.js";
import { icon } from "./icons.js";
import { openLayer } from "./layers.js";
import { plainText, textObject } from "./mrkdwn.js";
import { store } from "./store.js";
import { ViewSurface } from "./surfaces.js";
import { toast } from "./toasts.js";

const surfaces = new Map();
let shown = null;

/** Show this stack of views, root first; an empty one closes everything. */
export function showStack(views) {
  const ids = new Set(views.map((view) => view.id));
  for (const id of surfaces.keys()) if (!ids.has(id)) surfaces.delete(id);
  for (const view of views) {
    if (surfaces.has(view.id)) surfaces.get(view.id).take(view);
    else surfaces.set(view.id, new ViewSurface(view));
  }
  const top = views.at(-1);
  if (!top) return hide();
  const surface = surfaces.get(top.id);
  if (shown?.surface !== surface) return showNew(surface);
  return redraw();
}

/** Ask the server which views are open, and show them. */
export async function refreshModals() {
  const user = store.me?.id;
  const answer = await api.getViews(user);
  if (answer.ok && store.me?.id === user) showStack(answer.views ?? []);
}

function hide() {
  shown?.layer.close();
  shown = null;
}

// One layer stays while views come and go in it, so that closing it gives the focus back to where all began.
function showNew(surface) {
  const first = !shown;
  if (shown) shown.surface.mark = focusMark(shown.dialog);
  const dialog =
    shown?.dialog ??
    h("div", {
      class: "dialog modal",
      role: "dialog",
      "aria-modal": "true",
      tabindex: "-1",
      data: { testid: "modal" },
    });
  const layer = shown?.layer;
  shown = { surface, dialog, layer, drawn: null };
  surface.onMended = (blockId) => {
    mended(dialog, blockId);
    shown.drawn = signature(surface);
  };
  draw();
  if (first)
    shown.layer = openLayer(dialog, { onEscape: () => close(false), focus: () => firstField(dialog) });
  else if (!restoreFocus(dialog, surface.mark)) firstField(dialog)?.focus();
}

function firstField(dialog) {
  const body = dialog.querySelector(".modal-body");
  return (
    dialog.querySelector("[autofocus]") ??
    body?.querySelector(`input, textarea, ${FOCUSABLE}`) ??
    dialog.querySelector(".modal-foot button:last-child") ??
    dialog
  );
}

function redraw() {
  const { dialog, surface, drawn } = shown;
  if (drawn === signature(surface)) return;
  const mark = focusMark(dialog);
  const inside = dialog.contains(document.activeElement);
  const scroll = dialog.querySelector(".modal-body")?.scrollTop ?? 0;
  draw();
  dialog.querySelector(".modal-body").scrollTop = scroll;
  if (inside && !restoreFocus(dialog, mark)) (dialog.querySelector(".modal-body") ?? dialog).focus();
}

const signature = (surface) =>
  JSON.stringify([
    surface.view.title,
    surface.view.submit,
    surface.view.close,
    surface.view.blocks,
    surface.problems,
    surface.general,
  ]);

function draw() {
  const { dialog, surface } = shown;
  const { view } = surface;
  const titleId = uniqueId("modal-title");
  const formId = uniqueId("modal-form");
  dialog.setAttribute("aria-labelledby", titleId);
  dialog.setAttribute("data-view-id", view.id);
  dialog.setAttribute("data-callback-id", view.callback_id ?? "");
  const form = h(
    "form",
    { id: formId, class: "blocks", novalidate: true, on: { submit: (event) => submit(event, surface) } },
    drawBlocks(view.blocks, surface),
  );
  if (surface.general)
    form.prepend(
      h(
        "div",
        { class: "alert alert-error", role: "alert" },
        icon("warning"),
        h("div", { class: "text" }, surface.general),
      ),
    );
  fill(
    dialog,
    h(
      "header",
      { class: "modal-head" },
      h("h2", { id: titleId }, plainText(view.title?.text ?? "")),
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": "Close",
          data: { testid: "modal-x" },
          on: { click: () => close(true) },
        },
        icon("close"),
      ),
    ),
    h("div", { class: "modal-body", tabindex: "-1" }, form),
    foot(view, formId),
  );
  shown.drawn = signature(surface);
}

function foot(view, formId) {
  const closeText = view.close ? textObject(view.close) : [view.submit ? "Cancel" : "Close"];
  return h(
    "footer",
    { class: "modal-foot" },
    h(
      "button",
      { type: "button", class: "btn", data: { testid: "modal-close" }, on: { click: () => close(false) } },
      closeText,
    ),
    view.submit
      ? h(
          "button",
          { type: "submit", form: formId, class: "btn primary", data: { testid: "modal-submit" } },
          h("span", { class: "btn-text" }, textObject(view.submit)),
        )
      : null,
  );
}

async function close(clear) {
  const answer = await api.closeView(store.me.id, shown.surface.view.id, clear);
  if (!answer.ok) toast(answer.message ?? "The view could not be closed.");
  await refreshModals();
}

async function submit(event, surface) {
  event.preventDefault();
  const { dialog } = shown;
  const button = dialog.querySelector("[data-testid=modal-submit]");
  if (!button || button.getAttribute("aria-busy") === "true") return;
  const missing = surface.missing();
  if (Object.keys(missing).length) return showProblems(surface, { ok: false, errors: missing });
  button.setAttribute("aria-busy", "true");
  const answer = await api.submitView(store.me.id, surface.view.id, surface.values());
  button.removeAttribute("aria-busy");
  surface.changed.clear();
  showProblems(surface, answer);
  await refreshModals();
  return undefined;
}

// A field that is being mended no longer says what was wrong; nothing else is drawn anew under the typing hand.
function mended(dialog, blockId) {
  const block = [...dialog.querySelectorAll("[data-block-id]")].find(
    (node) => node.dataset.blockId === blockId,
  );
  block?.querySelector(".problem")?.remove();
  for (const node of block?.querySelectorAll("[aria-invalid]") ?? []) node.removeAttribute("aria-invalid");
}

function showProblems(surface, answer) {
  const inputs = new Set(
    surface.view.blocks.filter((block) => block.type === "input").map((block) => block.block_id),
  );
  const errors = answer.errors ?? {};
  surface.problems = Object.fromEntries(Object.entries(errors).filter(([block]) => inputs.has(block)));
  const said = Object.keys(surface.problems).length > 0;
  surface.general =
    !answer.ok && !said ? (answer.message ?? "We had some trouble connecting. Try again?") : null;
  if (shown?.surface !== surface) return;
  redraw();
  const invalid = shown.dialog.querySelector("[aria-invalid=true]");
  if (said)
    (invalid?.matches("input, textarea")
      ? invalid
      : (invalid?.querySelector("input, textarea") ?? invalid)
    )?.focus();
}
