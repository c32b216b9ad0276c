// The payment that the shopper was last sent to a gateway with. Every open tab of the shop follows it, so the cart's
// badge is right without a reload, whichever tab the shopper comes back to.

import { followPayment, isFinal } from "./status.js";

const OPEN_PAYMENT = "shop.openPayment";

export function rememberPayment({ payment_intent_id, provider, amount_minor }) {
  localStorage.setItem(OPEN_PAYMENT, JSON.stringify({ payment_intent_id, provider, amount_minor }));
}

export function forgetPayment(paymentIntentId) {
  if (openPayment()?.payment_intent_id === paymentIntentId) localStorage.removeItem(OPEN_PAYMENT);
}

function openPayment() {
  return JSON.parse(localStorage.getItem(OPEN_PAYMENT) ?? "null");
}

/** Tells of the open payment, and of every one that another tab opens, as `told(payment, status)`. */
export function followOpenPayments(told) {
  let followed = null;
  const follow = () => {
    const payment = openPayment();
    if (!payment || payment.payment_intent_id === followed) return;
    const { payment_intent_id } = payment;
    followed = payment_intent_id;
    const tell = (status) => {
      // A newer payment took its place.
      if (followed !== payment_intent_id) return;
      told(payment, status);
      if (isFinal(status.status)) forgetPayment(payment_intent_id);
    };
    followPayment(payment_intent_id, tell).catch(() => forgetPayment(payment_intent_id));
  };
  window.addEventListener("storage", (event) => { if (event.key === OPEN_PAYMENT) follow(); });
  follow();
}
