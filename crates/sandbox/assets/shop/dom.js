// Elements from code. Texts become text nodes, never markup: a product called `<script>` is a product called `<script>`.

/** `element("button", { type: "button", onclick }, "Add")`: names with `-`, and `for`, are attributes. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** Says something to everybody: on the page and to screen readers. */
export function say(...children) {
  document.getElementById("news").replaceChildren(...children);
}
