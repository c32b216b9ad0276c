// What every page of the shop does: the cart's badge, and news of a payment on its way.

import { readCart, showBadge } from "./cart.js";
import { element, say } from "./dom.js";
import { rupees } from "./money.js";
import { followOpenPayments } from "./open-payment.js";
import { settings } from "./settings.js";

const GATEWAY_NAMES = { esewa: "eSewa", khalti: "Khalti" };

/** Shows a cart in the header and hands it to the page; the page gets every later one, too. */
export async function startPage(showCart = () => {}) {
  const refresh = async () => {
    try {
      const cart = await readCart();
      showBadge(cart);
      await showCart(cart);
    } catch (refusal) {
      say(`This cannot be shown: ${refusal.message} `, element("button", { type: "button", onclick: refresh }, "Try again"));
    }
  };
  followOpenPayments((payment, status) => {
    showPayment(payment, status);
    if (status.status === "confirmed") refresh();
  });
  // Another tab may have changed it meanwhile.
  document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
  window.addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  await refresh();
}

export function statusPageUrl(paymentIntentId) {
  return `${settings.callbackUrl}/payment/status/${encodeURIComponent(paymentIntentId)}`;
}

function showPayment({ payment_intent_id, provider, amount_minor }, { status, order_number, message }) {
  const what = order_number ? `Order ${order_number}` : `Payment of ${rupees(amount_minor)} through ${GATEWAY_NAMES[provider]}`;
  const shown = document.getElementById("payment-news");
  shown.replaceChildren(
    element("strong", {}, what),
    `: ${message} `,
    element("a", { href: statusPageUrl(payment_intent_id) }, "See where it stands"),
  );
  shown.dataset.status = status;
  shown.hidden = false;
}
