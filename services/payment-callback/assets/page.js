// Shows where the payment stands without a reload. Words come from the server's own page, in its language; without this
// file, or without JavaScript, the page refreshes itself.
"use strict";
(() => {
  /** Between two looks where no stream tells of changes. */
  const POLL_MS = 5000;
  /** A stream tells at once where the payment stands; one that is silent for longer is held back on its way. */
  const FIRST_EVENT_MS = 5000;

  const payment = document.getElementById("payment");
  const page = new URL(payment.dataset.page, location.href).href;
  const stream = new URL(payment.dataset.stream, location.href).href;
  let events = null;
  let hasHeard = false;
  let nextLook = 0;
  let looks = 0;

  const isFinal = () => payment.dataset.isFinal === "true";
  const isFollowed = () => events !== null && events.readyState !== EventSource.CLOSED && hasHeard;

  function show(found) {
    const standing = found.getElementById("payment");
    if (!standing || standing.dataset.status === payment.dataset.status) return;
    document.title = found.title;
    payment.className = standing.className;
    for (const name of ["status", "orderNumber", "isFinal"]) payment.dataset[name] = standing.dataset[name];
    for (const id of ["standing", "facts"]) {
      document.getElementById(id).replaceChildren(...found.getElementById(id).childNodes);
    }
  }

  async function look() {
    looks += 1;
    const mine = looks;
    const answer = await fetch(page, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (!answer.ok) throw new Error(`answered ${answer.status}`);
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    // A later look knows more.
    if (mine === looks) show(found);
  }

  /** Looks now, and again later unless a stream will tell. */
  function lookNow() {
    look().then(() => {
      if (isFinal()) leave();
      else if (!isFollowed()) lookLater();
    }, lookLater);
  }

  function lookLater() {
    clearTimeout(nextLook);
    nextLook = setTimeout(() => { follow(); lookNow(); }, POLL_MS);
  }

  function follow() {
    if (isFinal() || !("EventSource" in window) || (events && events.readyState !== EventSource.CLOSED)) return;
    const opened = events = new EventSource(stream);
    hasHeard = false;
    opened.addEventListener("status", (event) => {
      hasHeard = true;
      const told = JSON.parse(event.data);
      const isShown = told.status === payment.dataset.status && (told.order_number ?? "") === payment.dataset.orderNumber;
      if (!isShown) lookNow();
    });
    // After a break the browser connects again by itself, unless it was refused: a service that is just starting.
    opened.addEventListener("error", () => { if (opened.readyState === EventSource.CLOSED) lookLater(); });
    setTimeout(() => { if (opened === events && !hasHeard && !isFinal()) lookLater(); }, FIRST_EVENT_MS);
  }

  function leave() {
    clearTimeout(nextLook);
    if (events) events.close();
    events = null;
  }

  // A reload shall ask where the payment stands, not bring the gateway's return once more, and the address that people
  // keep or share shall carry nothing of it.
  if (location.href !== page) {
    for (const link of document.querySelectorAll("a, link[rel=icon]")) link.setAttribute("href", link.href);
    history.replaceState(null, "", page);
  }
  follow();
  if (!events && !isFinal()) lookLater();

  window.addEventListener("pagehide", leave);
  // Back by the back button: the page is as it was left, the payment may not be.
  window.addEventListener("pageshow", (event) => { if (event.persisted) { follow(); lookNow(); } });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && !isFinal()) lookNow(); });
})();
