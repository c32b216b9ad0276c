// The cart, the address, the gateway, and the button.

import { unansweredBody } from "./attempt.js";
import { QUANTITY_MAX, putItem, readCart, removeItem, showBadge } from "./cart.js";
import { goToGateway, startPayment } from "./checkout.js";
import { element, say } from "./dom.js";
import { rupees } from "./money.js";
import { rememberPayment } from "./open-payment.js";
import { startPage } from "./page.js";
import { explain, markFields } from "./refusals.js";

const form = document.getElementById("checkout");
const payButton = document.getElementById("pay");
const refusalBox = document.getElementById("refusal");
let shown = { version: 0, items: [] };

function lineRow(item) {
  const name = `${item.product_name}, ${item.title}`;
  const quantity = element("input", { type: "number", min: 1, max: QUANTITY_MAX, value: item.quantity, "aria-label": `Quantity of ${name}` });
  quantity.addEventListener("change", () => change(() => putItem(item.variant_id, quantity.valueAsNumber)));
  const remove = element("button", { type: "button", "aria-label": `Remove ${name}` }, "Remove");
  remove.addEventListener("click", () => change(() => removeItem(item.variant_id)));
  const before = shown.items.find((line) => line.variant_id === item.variant_id);
  const isDearerOrCheaper = before && before.unit_price_minor !== item.unit_price_minor;
  return element(
    "tr",
    { "data-variant-id": item.variant_id },
    element("th", { scope: "row" }, name),
    element("td", {}, quantity),
    element(
      "td",
      {},
      rupees(item.unit_price_minor),
      ...(isDearerOrCheaper ? [element("span", { className: "quiet" }, ` was ${rupees(before.unit_price_minor)}`)] : []),
    ),
    element("td", {}, rupees(item.line_total_minor)),
    element("td", {}, remove),
  );
}

function showCart(cart) {
  document.getElementById("cart-lines").replaceChildren(...cart.items.map(lineRow));
  document.getElementById("subtotal").textContent = rupees(cart.subtotal_minor);
  document.getElementById("cart").hidden = cart.items.length === 0;
  document.getElementById("cart-empty").hidden = cart.items.length > 0;
  form.hidden = cart.items.length === 0;
  shown = cart;
  showBadge(cart);
}

async function change(edit) {
  try {
    showCart(await edit());
    refusalBox.replaceChildren();
  } catch (refusal) {
    say(`The cart was not changed: ${refusal.message}`);
    showCart(await readCart());
  }
}

/** The body of the request: exactly what the shopper sees. */
function asked() {
  const { provider, ...fields } = Object.fromEntries(new FormData(form));
  const shipping_address = Object.fromEntries(Object.entries(fields).filter(([, value]) => value.trim() !== ""));
  return { provider, cart_version: shown.version, shipping_address };
}

async function pay(event) {
  event.preventDefault();
  payButton.disabled = true;
  refusalBox.replaceChildren();
  markFields(form, null);
  say("Setting your goods aside…");
  try {
    const waiting = (refusal) => say(`${refusal.message} Trying again; you will not be charged twice.`);
    const intent = await startPayment(asked(), waiting);
    rememberPayment(intent);
    say("Going to the gateway…");
    goToGateway(intent.payment);
  } catch (refusal) {
    say();
    if (refusal.code === "cart_changed") showCart(await readCart());
    const toShow = explain(refusal, shown, (cart) => { showCart(cart); refusalBox.replaceChildren(); });
    refusalBox.replaceChildren(...toShow);
    refusalBox.dataset.code = refusal.code;
    markFields(form, refusal);
  } finally {
    payButton.disabled = false;
  }
}

/** After a reload in the middle of an attempt: the same address, so that the same request can be sent again. */
function fillIn(body) {
  if (!body) return;
  for (const [name, value] of Object.entries({ ...body.shipping_address, provider: body.provider })) {
    const field = form.elements.namedItem(name);
    if (field) field.value = value;
  }
}

form.addEventListener("submit", pay);
fillIn(unansweredBody());
startPage(showCart);
