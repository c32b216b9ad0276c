// The cart as checkout-api has it. Its `version` says which cart the shopper saw; checkout asks for it.

import { call } from "./api.js";

export const QUANTITY_MAX = 999;

export function readCart() {
  return call("GET", "/api/cart");
}

/** Sets the quantity of a line, whatever it was. Answers with the whole cart. */
export function putItem(variantId, quantity) {
  return call("PUT", `/api/cart/items/${encodeURIComponent(variantId)}`, { body: { quantity } });
}

export function removeItem(variantId) {
  return call("DELETE", `/api/cart/items/${encodeURIComponent(variantId)}`);
}

export function showBadge(cart) {
  const badge = document.getElementById("cart-badge");
  badge.textContent = String(cart.item_count);
  badge.closest("a").setAttribute("aria-label", `Cart, ${cart.item_count} ${cart.item_count === 1 ? "item" : "items"}`);
}
