// The question that an element asks before it does anything.
import { h, uniqueId } from "./dom.js";
import { openLayer } from "./layers.js";
import { textObject } from "./mrkdwn.js";

/** Ask; resolves to true when the person confirms. */
export function confirmed(question) {
  if (!question) return Promise.resolve(true);
  return new Promise((resolve) => {
    const done = (answer) => {
      layer.close();
      resolve(answer);
    };
    const titleId = uniqueId("confirm-title");
    const textId = uniqueId("confirm-text");
    const style = question.style === "danger" ? "btn danger" : "btn primary";
    const deny = h(
      "button",
      { type: "button", class: "btn", data: { testid: "confirm-deny" }, on: { click: () => done(false) } },
      textObject(question.deny ?? plain("Cancel")),
    );
    const agree = h(
      "button",
      { type: "button", class: style, data: { testid: "confirm-ok" }, on: { click: () => done(true) } },
      textObject(question.confirm ?? plain("Yes")),
    );
    const dialog = h(
      "div",
      {
        class: "dialog confirm",
        role: "alertdialog",
        "aria-modal": "true",
        "aria-labelledby": titleId,
        "aria-describedby": textId,
        data: { testid: "confirm" },
      },
      h("h2", { id: titleId }, textObject(question.title ?? plain("Are you sure?"))),
      h("div", { id: textId, class: "confirm-text" }, textObject(question.text)),
      h("div", { class: "dialog-foot" }, deny, agree),
    );
    const layer = openLayer(dialog, {
      kind: "confirm",
      onEscape: () => done(false),
      onBackdrop: () => done(false),
      focus: () => (question.style === "danger" ? deny : agree),
    });
  });
}

const plain = (text) => ({ type: "plain_text", text });
