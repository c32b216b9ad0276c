// What this shopper has bought.

import { call } from "./api.js";
import { element, say } from "./dom.js";
import { rupees } from "./money.js";
import { startPage, statusPageUrl } from "./page.js";

const LISTED_MAX = 20;
const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "Asia/Kathmandu" });

function orderCard(order) {
  const items = order.items.map((item) =>
    element("li", {}, `${item.quantity} × ${item.product_name}, ${item.title}: ${rupees(item.line_total_minor)}`),
  );
  return element(
    "article",
    { className: "card", "data-order-number": order.order_number },
    element("h2", {}, order.order_number),
    element(
      "p",
      {},
      element("time", { dateTime: order.created_at }, TIME.format(new Date(order.created_at))),
      `, ${order.status}, ${rupees(order.total_minor)}. `,
      element("a", { href: statusPageUrl(order.payment_intent_id) }, "Its payment"),
    ),
    element("ul", {}, ...items),
  );
}

async function showOrders() {
  const { orders } = await call("GET", `/api/orders?limit=${LISTED_MAX}`);
  document.getElementById("orders").replaceChildren(...orders.map(orderCard));
  document.getElementById("no-orders").hidden = orders.length > 0;
}

startPage(showOrders);
