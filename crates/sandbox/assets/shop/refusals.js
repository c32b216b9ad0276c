// What the shop says when checkout-api refuses, and what the shopper can do about it.

import { putItem, removeItem } from "./cart.js";
import { element } from "./dom.js";
import { rupees } from "./money.js";
import { statusPageUrl } from "./page.js";

const list = (...items) => element("ul", {}, ...items.map((item) => element("li", {}, ...item)));

function nameIn(cart, variantId) {
  const item = cart.items.find((line) => line.variant_id === variantId);
  return item ? `${item.product_name}, ${item.title}` : variantId;
}

/** What to show for a refusal of `startPayment`. `changed` is called with the cart after a button changed it. */
export function explain(refusal, cart, changed) {
  const button = (label, change) =>
    element("button", { type: "button", onclick: () => change().then(changed) }, label);
  const remove = (variantId) => button("Take it out of the cart", () => removeItem(variantId));
  const { problem } = refusal;
  switch (refusal.code) {
    case "cart_changed":
      return [element("p", {}, "A price or the cart has changed since you looked. Please look again, then press Pay.")];
    case "insufficient_stock":
      return [
        element("p", {}, "There is not enough left. Nothing was set aside and nothing was charged."),
        list(
          ...problem.lines.map(({ variant_id, wanted, available }) => [
            `${nameIn(cart, variant_id)}: you want ${wanted}, there are ${available}. `,
            available > 0 ? button(`Take ${available}`, () => putItem(variant_id, available)) : remove(variant_id),
          ]),
        ),
      ];
    case "variant_unavailable":
      return [
        element("p", {}, "This is no longer for sale:"),
        list(...(problem.variant_ids ?? []).map((id) => [`${nameIn(cart, id)}. `, remove(id)])),
      ];
    case "already_paid":
      return [
        element("p", {}, "You have paid for this cart already, and your order is being made. You need not pay again."),
        element("a", { href: statusPageUrl(problem.payment_intent_id) }, "See where your payment stands"),
      ];
    case "amount_below_minimum":
      return [element("p", {}, `This gateway takes payments from ${rupees(problem.minimum_minor)} on. Choose the other one, or more goods.`)];
    case "cart_empty":
      return [element("p", {}, "The cart is empty.")];
    case "validation_failed":
      return [
        element("p", {}, "Please correct this:"),
        list(...(problem.errors ?? []).map(({ field, message }) => [`${field || "request"}: ${message}`])),
      ];
    default:
      return [element("p", {}, `${refusal.message} Nothing was charged. Press Pay to try again.`)];
  }
}

/** Marks the fields that `validation_failed` names, and puts the first of them in focus. */
export function markFields(form, refusal) {
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const { field } of refusal?.problem.errors ?? []) {
    const input = form.elements.namedItem(field.replace("shipping_address.", ""));
    if (input instanceof HTMLInputElement) input.setAttribute("aria-invalid", "true");
  }
  form.querySelector("[aria-invalid]")?.focus();
}
