"use strict";
// Asks for the page's regions every second and puts in those that changed. A button or form with
// data-order="METHOD path" sends that order, with data-body or its fields as JSON.
const shown = {};
const live = document.getElementById("live");
// A sign-in link carries the code behind the '#', as app.plex.tv has it.
const askedCode = (location.hash.match(/[?&]code=([^&]+)/) || [])[1];

function say(text, lost) {
  if (live.textContent !== text) live.textContent = text;
  live.classList.toggle("lost", Boolean(lost));
}

function put(name, markup) {
  if (shown[name] === markup) return;
  shown[name] = markup;
  const region = document.getElementById(name);
  const focused = region.contains(document.activeElement) ? document.activeElement.id : "";
  const open = [...region.querySelectorAll("details[open]")].map((details) => details.id);
  const chosen = region.value;
  region.innerHTML = markup; // made and escaped on the server
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (region.tagName === "SELECT" && chosen) {
    region.value = chosen;
    if (region.selectedIndex < 0) region.selectedIndex = 0;
  }
  if (focused) document.getElementById(focused)?.focus();
}

async function update() {
  try {
    const answer = await fetch("/sandbox/api/view");
    const regions = await answer.json();
    for (const name in regions) put(name, regions[name]);
    for (const pin of document.querySelectorAll(".pin")) {
      pin.classList.toggle("asked", pin.dataset.code === askedCode);
    }
    if (live.classList.contains("lost") && !live.dataset.refused) say("Updates by itself");
  } catch {
    say("The sandbox does not answer; trying again", true);
  }
}

async function order(line, body) {
  const [method, path] = line.split(" ");
  delete live.dataset.refused;
  try {
    const answer = await fetch("/sandbox/api/" + path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) {
      live.dataset.refused = "yes"; // stays until the next order
      say(JSON.parse(text).error, true);
    }
    return answer.ok;
  } catch {
    say("The sandbox does not answer; trying again", true);
    return false;
  } finally {
    await update();
  }
}

// Fields marked data-json hold JSON; empty fields are left out.
function fields(form) {
  const body = {};
  for (const field of form.elements) {
    if (!field.name || field.value === "") continue;
    body[field.name] = "json" in field.dataset ? JSON.parse(field.value) : field.value;
  }
  return body;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-order]");
  if (!button) return;
  const name = button.getAttribute("aria-label") || button.textContent.trim();
  const body = button.dataset.body ? JSON.parse(button.dataset.body) : undefined;
  if (!(await order(button.dataset.order, body))) return;
  const now = document.getElementById(button.id); // another element, if its region has changed
  const on = now?.getAttribute("aria-checked") ?? now?.getAttribute("aria-pressed");
  say(on ? `${name}: ${on === "true" ? "on" : "off"}` : `Done: ${name}`);
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.order) return;
  event.preventDefault();
  if (await order(form.dataset.order, fields(form))) {
    say(`Done: ${event.submitter ? event.submitter.textContent.trim() : "sent"}`);
    if ("clear" in form.dataset) form.reset();
  }
});

update();
setInterval(update, 1000);
