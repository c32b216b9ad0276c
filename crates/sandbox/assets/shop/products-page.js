// What there is to buy.

import { call } from "./api.js";
import { QUANTITY_MAX, putItem, showBadge } from "./cart.js";
import { element, say } from "./dom.js";
import { rupees } from "./money.js";
import { startPage } from "./page.js";

/** Below this the shopper is told how many are left. */
const FEW = 10;
const inCart = new Map();

function countCart(cart) {
  inCart.clear();
  for (const item of cart.items) inCart.set(item.variant_id, item.quantity);
}

async function add(product, variant, button) {
  button.disabled = true;
  try {
    const quantity = Math.min((inCart.get(variant.variant_id) ?? 0) + 1, QUANTITY_MAX);
    const cart = await putItem(variant.variant_id, quantity);
    countCart(cart);
    showBadge(cart);
    say(`${quantity} × ${product.name}, ${variant.title} in the cart.`);
  } catch (refusal) {
    say(`${product.name} was not added: ${refusal.message}`);
  } finally {
    button.disabled = false;
  }
}

function stockWords(available) {
  if (available === 0) return "Sold out";
  return available < FEW ? `Only ${available} left` : "In stock";
}

function variantRow(product, variant) {
  const button = element(
    "button",
    { type: "button", disabled: variant.available === 0, "data-variant-id": variant.variant_id, "data-sku": variant.sku },
    "Add to cart",
  );
  button.setAttribute("aria-label", `Add to cart: ${product.name}, ${variant.title}`);
  button.addEventListener("click", () => add(product, variant, button));
  return element(
    "li",
    {},
    element("span", { className: "variant" }, variant.title),
    element("span", { className: "price" }, rupees(variant.unit_price_minor)),
    element("span", { className: "quiet" }, stockWords(variant.available)),
    button,
  );
}

function productCard(product) {
  return element(
    "article",
    { className: "card", "data-product-id": product.product_id },
    element("h2", {}, product.name),
    element("p", { className: "quiet" }, `From ${product.vendor.display_name}`),
    element("p", {}, product.description ?? ""),
    element("ul", { className: "variants" }, ...product.variants.map((variant) => variantRow(product, variant))),
  );
}

async function showProducts() {
  const list = document.getElementById("products");
  const products = [];
  let cursor = "";
  do {
    const page = await call("GET", `/api/products?limit=50${cursor}`);
    products.push(...page.products);
    cursor = page.next_cursor ? `&cursor=${encodeURIComponent(page.next_cursor)}` : "";
  } while (cursor);
  list.replaceChildren(...products.map(productCard));
  if (products.length === 0) say("Nothing is for sale yet: import a catalogue first.");
}

startPage(countCart);
showProducts().catch((refusal) => say(`The products cannot be shown: ${refusal.message}`));
