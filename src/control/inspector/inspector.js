// @ts-check
// The inspector page. It reads the control plane, and changes something only after it has asked.
// Names and texts come from strangers, so all of them become text nodes.

export {};

// Elements

/** @type {(element: Element, props: Props | null, children: Child[]) => void} */
function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value !== false && value !== null) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  for (const child of /** @type {Part[]} */ (children.flat(9))) if (child) element.append(child);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Props | null} [props]
 * @param {...Child} children
 */
function h(tag, props = null, ...children) {
  const element = document.createElement(tag);
  fill(element, props, children);
  return element;
}

/** @type {(tag: string, props?: Props | null, ...children: Child[]) => SVGElement} */
function svg(tag, props = null, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  fill(element, props, children);
  return /** @type {SVGElement} */ (element);
}

/** @type {(id: string) => HTMLElement} */
function at(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`there is no #${id}`);
  return element;
}

/** Replaces the content of an element, and keeps the focus and the scroll position.
 * @type {(element: Element, ...children: Child[]) => void} */
function swap(element, ...children) {
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.id || focused?.getAttribute("data-key");
  const top = element.scrollTop;
  element.replaceChildren();
  fill(element, null, children);
  element.scrollTop = top;
  if (!key) return;
  /** @type {HTMLElement | SVGElement | null} */
  const again = document.getElementById(key) ?? element.querySelector(`[data-key="${CSS.escape(key)}"]`);
  again?.focus({ preventScroll: true });
}

/** @type {(label: string, run: () => unknown, props?: Props) => HTMLButtonElement} */
function button(label, run, props = {}) {
  return h("button", { type: "button", ...props, onclick: () => void run() }, label);
}

/** @type {(heads: [string, string?][], rows: Child, props?: Props) => HTMLTableElement} */
function table(heads, rows, props = {}) {
  const cells = heads.map(([name, width]) => h("th", { scope: "col", class: width ?? null }, name));
  return h("table", props, h("thead", null, h("tr", null, cells)), h("tbody", null, rows));
}

/** @type {(label: string, value: string, options: [string, string][], id: string,
 *   change: (value: string) => void) => HTMLLabelElement} */
function choice(label, value, options, id, change) {
  const select = h("select", { id }, options.map(([value, text]) => h("option", { value }, text)));
  select.value = value;
  select.addEventListener("change", () => change(select.value));
  return h("label", null, h("span", { class: "unseen" }, label), select);
}

let noticeTimer = 0;
/** @type {(text: string) => void} */
function notice(text) {
  at("notice").textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (at("notice").textContent = ""), 5_000);
}

/** @type {(route: Route, ...children: Child[]) => void} */
function detail(route, ...children) {
  const heading = document.querySelector("#detail h1");
  const isSame = heading?.getAttribute("data-of") === location.hash;
  swap(at("detail"), ...children);
  const shown = at("detail").querySelector("h1");
  shown?.setAttribute("tabindex", "-1");
  shown?.setAttribute("data-of", location.hash);
  document.title = `${shown?.textContent ?? "cognate"} · cognate`;
  if (isSame) return;
  at("detail").scrollTop = 0;
  const active = document.activeElement;
  const isChoosing = active instanceof HTMLSelectElement || active instanceof HTMLInputElement;
  if (state.hasNavigated && !isChoosing) shown?.focus({ preventScroll: route.name === "requests" });
}

/** @type {(view: "list" | "requests" | "wide", shows: "list" | "detail") => void} */
function layOut(view, shows) {
  Object.assign(at("main").dataset, { view, shows });
}

// Texts

const NUMBER = new Intl.NumberFormat("en");
/** @type {(count: number, one: string, many?: string) => string} */
const counted = (count, one, many = `${one}s`) =>
  `${NUMBER.format(count)} ${count === 1 ? one : many}`;

/** @type {(id: string) => string} */
const short = (id) => id.split(":").at(-1)?.slice(0, 8) ?? id;

/** @type {(text: string, length: number) => string} */
function cut(text, length) {
  const characters = [...text];
  return characters.length > length ? `${characters.slice(0, length - 1).join("")}…` : text;
}

/** @type {(event: string) => string} */
const identityOf = (event) => event.split("/")[0] ?? event;

/** @type {(login: Login) => string} */
const keyOf = (login) => `${login.Kind}\n${login.Provider}\n${login.Subject}`;

const CLOCK = new Intl.DateTimeFormat("en-GB", { timeStyle: "medium" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const YEAR = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium" });

/** A local time, with the time in UTC as its title.
 * @type {(seconds: number) => HTMLElement} */
function time(seconds) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return h("span", null, String(seconds));
  const now = new Date();
  const isToday = date.toDateString() === now.toDateString();
  const day = (date.getFullYear() === now.getFullYear() ? DAY : YEAR).format(date);
  const iso = date.toISOString();
  const title = `${iso.replace("T", " ").replace("Z", "")} UTC`;
  const text = isToday ? CLOCK.format(date) : `${day} ${CLOCK.format(date)}`;
  return h("time", { datetime: iso, title }, text);
}

/** @type {(seconds: number) => Part[]} */
const when = (seconds) =>
  [new Date(seconds * 1000).toDateString() === new Date().toDateString() ? " at " : " on ", time(seconds)];

/** @type {(micros: number) => string} */
const took = (micros) =>
  micros < 10_000 ? `${(micros / 1000).toFixed(1)} ms` : `${NUMBER.format(Math.round(micros / 1000))} ms`;

/** @type {Record<string, string>} */
const STATES = { AUTHENTICATED: "Authenticated", UNAUTHENTICATED: "Guest", DISABLED: "Disabled" };

/** @type {(name: string) => HTMLElement} */
const stateOf = (name) =>
  h("span", { class: `state ${name.toLowerCase()}` }, STATES[name] ?? name.toLowerCase());

/** @type {(id: string, label?: string) => HTMLAnchorElement} */
const toIdentity = (id, label = short(id)) =>
  h("a", { class: "mono", href: `#/identities/${id}`, title: id, "data-key": `to ${id}` }, label);

const ID = /[a-z]{2}(?:-[a-z]+)+-\d+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\/\d+)?/gi;

/** A text in which the ids of identities are short links.
 * @type {(text: string) => Part[]} */
function linked(text) {
  /** @type {Part[]} */
  const parts = [];
  let end = 0;
  for (const found of text.matchAll(ID)) {
    const id = identityOf(found[0]);
    const pool = state.pools.find((pool) => pool.IdentityPoolId === id);
    const name = pool ? h("a", { href: `#/pools/${id}`, title: id }, pool.IdentityPoolName) : toIdentity(id);
    parts.push(text.slice(end, found.index), name);
    end = found.index + found[0].length;
  }
  return [...parts, text.slice(end)];
}

/** @type {(login: Login) => Part[]} */
const loginText = (login) => [
  h("span", { class: "soft" }, login.Provider),
  " ",
  h("bdi", { class: "mono" }, login.Subject),
];

/** The lines of an explanation: a verdict, and then names with values.
 * @type {(text: string) => Part[]} */
function explained(text) {
  const lines = text.split("\n").slice(1).map((line) => /^ +(\S+) +(.*)$/.exec(line));
  const items = lines.flatMap((line) => {
    const name = EXPLAINED[line?.[1] ?? ""] ?? line?.[1];
    return line ? [h("dt", null, name), h("dd", null, linked(line[2] ?? ""))] : [];
  });
  return items.length > 0 ? [h("dl", null, items)] : [];
}
/** @type {Record<string, string>} */
const EXPLAINED = {
  given: "IdentityId given",
  login: "Login",
  rule: "Rule",
  obstacle: "In its way",
  else: "Would work",
  change: "Change",
  role: "Role",
};

// The control plane

class Refused extends Error {
  /** @param {number} status @param {{ __type?: string, message?: string, Line?: number }} body */
  constructor(status, body) {
    super(body.message || `The server answers ${status}`);
    this.status = status;
    this.exception = body.__type ?? "";
    this.line = body.Line;
  }
}
class Unreachable extends Error {
  constructor() {
    super("The server does not answer. This page tries again until it does.");
  }
}

const TOKEN = "cognate-token";

/** @type {(method: string, path: string, options?: { query?: Record<string, string | number>,
 *   body?: object | Blob, signal?: AbortSignal, wait?: number }) => Promise<Response>} */
async function send(method, path, { query = {}, body, signal, wait = 30_000 } = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "");
  const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  const url = given.length > 0 ? `${path}?${search}` : path;
  const sent = body instanceof Blob || body === undefined ? body : JSON.stringify(body);
  for (;;) {
    const token = sessionStorage.getItem(TOKEN);
    /** @type {Record<string, string>} */
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    if (typeof sent === "string") headers["content-type"] = "application/json";
    const limit = AbortSignal.timeout(wait);
    const both = signal ? AbortSignal.any([signal, limit]) : limit;
    let response;
    try {
      const options = { method, headers, signal: both, credentials: /** @type {const} */ ("omit") };
      response = await fetch(url, sent === undefined ? options : { ...options, body: sent });
    } catch {
      signal?.throwIfAborted();
      setStatus("lost");
      throw new Unreachable();
    }
    signal?.throwIfAborted();
    if (response.status === 401) {
      await askForToken(token);
      continue;
    }
    if (response.ok) return response;
    const told = await response.json().catch(() => ({}));
    throw new Refused(response.status, told);
  }
}

/** @type {(path: string, query?: Record<string, string | number>, signal?: AbortSignal) =>
 *   Promise<any>} */
async function get(path, query, signal) {
  const response = await send("GET", path, { ...(query && { query }), ...(signal && { signal }) });
  const told = await response.json().catch(() => {
    throw new Unreachable();
  });
  signal?.throwIfAborted();
  return told;
}

/** @type {(path: string, body: object, query?: Record<string, string>) => Promise<any>} */
const post = async (path, body, query = {}) =>
  (await send("POST", path, { body, query, wait: 600_000 })).json();

/** @type {(text: string) => string} */
const encoded = (text) => encodeURIComponent(text).replaceAll("%3A", ":");

/** Reads pages until there are `count` entries or no more pages. A page can be short.
 * @type {(path: string, member: string, query: Record<string, string | number>, count: number,
 *   signal: AbortSignal) => Promise<{ found: any[], next: string }>} */
async function pages(path, member, query, count, signal) {
  const found = [];
  let next = String(query["NextToken"] ?? "");
  for (let calls = 0; calls < 40; calls += 1) {
    const page = await get(path, { MaxResults: 60, ...query, NextToken: next }, signal);
    found.push(...page[member]);
    next = page.NextToken ?? "";
    if (!next || found.length >= count) break;
  }
  return { found, next };
}

/** @type {Promise<void> | null} */
let asking = null;

/** Asks for a token, unless another request has got one meanwhile.
 * @type {(tried: string | null) => Promise<void>} */
function askForToken(tried) {
  if (sessionStorage.getItem(TOKEN) !== tried) return Promise.resolve();
  asking ??= new Promise((resolve) => {
    setStatus("locked");
    const field = h("input", { type: "password", id: "token", autocomplete: "off", required: true });
    const enter = () => {
      if (!field.value) return;
      sessionStorage.setItem(TOKEN, field.value.trim());
      asking = null;
      dialog.close();
      resolve();
    };
    const form = h(
      "form",
      { onsubmit: (event) => (event.preventDefault(), enter()) },
      h("h2", { id: "dialog-title" }, "Token of the control plane"),
      tried
        ? h("p", { class: "bad", role: "alert" }, "This token is wrong.")
        : h("p", null, "This server demands a token. It is in the file that the server was started with."),
      h("label", { for: "token" }, "Token"),
      field,
      h("p", { class: "soft" }, "This tab keeps it until it is closed."),
      h("div", { class: "actions" }, h("button", { class: "main" }, "Enter")),
    );
    dialog.replaceChildren(form);
    dialog.oncancel = (event) => event.preventDefault();
    if (!dialog.open) dialog.showModal();
    field.focus();
  });
  return asking;
}

/** @type {(error: unknown) => string} */
function told(error) {
  if (error instanceof Refused) return error.message;
  return error instanceof Error ? error.message : String(error);
}

/** @type {(error: unknown) => boolean} */
const isAborted = (error) => error instanceof DOMException && error.name === "AbortError";

// Dialogs

const dialog = /** @type {HTMLDialogElement} */ (at("dialog"));

/**
 * Asks before a change. The dialog stays open, and tells the reason, if the change fails.
 * @param {string} title
 * @param {Child} content
 * @param {string} verb
 * @param {() => Promise<string>} make
 * @param {boolean} [isDangerous]
 */
function ask(title, content, verb, make, isDangerous = false) {
  const failure = h("div", { role: "alert" });
  const cancel = button("Cancel", () => dialog.close());
  const confirm = button(
    verb,
    async () => {
      confirm.disabled = true;
      failure.replaceChildren();
      try {
        const done = await make();
        dialog.close();
        notice(done);
      } catch (error) {
        confirm.disabled = false;
        failure.replaceChildren(h("p", { class: "bad" }, told(error)));
      }
    },
    { class: isDangerous ? "main danger" : "main" },
  );
  dialog.oncancel = null;
  dialog.replaceChildren();
  fill(dialog, null, [
    h("h2", { id: "dialog-title" }, title),
    h("div", null, content),
    failure,
    h("div", { class: "actions" }, cancel, confirm),
  ]);
  dialog.showModal();
  cancel.focus();
}

/** @type {(text: string, name: string) => Promise<void>} */
async function copy(text, name) {
  try {
    await navigator.clipboard.writeText(text);
    notice(`Copied: ${name}`);
  } catch {
    const field = h("textarea", { readonly: true, "aria-label": name });
    field.value = text;
    const close = button("Close", () => dialog.close(), { class: "main" });
    const title = h("h2", { id: "dialog-title" }, `Copy: ${name}`);
    dialog.oncancel = null;
    dialog.replaceChildren(title, field, h("div", { class: "actions" }, close));
    dialog.showModal();
    field.select();
  }
}

// State

const state = {
  /** @type {Pool[]} */ pools: [],
  poolId: "",
  hasNavigated: false,
  /** A token that was searched for. It is in no URL. */
  token: "",
  /** @type {AbortController} */ view: new AbortController(),
  /** @type {((events: ChangeEvent[]) => void) | null} */ onEvents: null,
};

/** @type {(id: string) => void} */
function choosePool(id) {
  state.poolId = id;
  const pool = state.pools.find((pool) => pool.IdentityPoolId === id);
  const select = /** @type {HTMLSelectElement} */ (at("pool"));
  if (id && !pool) select.append(h("option", { value: id }, short(id)));
  if (id) select.value = id;
  at("to-identities").setAttribute("href", `#/pools/${id}`);
  at("to-graph").setAttribute("href", id ? `#/graph/${id}` : "#/");
  const name = pool?.IdentityPoolName ?? "this pool";
  at("export-pool").textContent = `Export ${cut(name, 20)}`;
  at("export-pool").setAttribute("href", `export?IdentityPoolId=${encoded(id)}&History=true`);
  at("reset-pool").textContent = `Reset ${cut(name, 20)}…`;
  for (const name of ["export-pool", "reset-pool"]) at(name).hidden = !id;
}

/** @type {(signal?: AbortSignal) => Promise<void>} */
async function loadPools(signal = new AbortController().signal) {
  state.pools = (await pages("pools", "IdentityPools", {}, 1_200, signal)).found;
  const select = /** @type {HTMLSelectElement} */ (at("pool"));
  const label = (/** @type {Pool} */ pool) =>
    `${pool.IdentityPoolName} (${pool.AccountId}, ${pool.Region})`;
  const options = state.pools.map((pool) => h("option", { value: pool.IdentityPoolId }, label(pool)));
  select.replaceChildren(...(options.length > 0 ? options : [h("option", null, "No pool")]));
  select.disabled = options.length === 0;
  const isThere = state.pools.some((pool) => pool.IdentityPoolId === state.poolId);
  choosePool(isThere ? state.poolId : (state.pools[0]?.IdentityPoolId ?? ""));
}

/** @type {(id: string, signal: AbortSignal) => Promise<string[]>} */
async function providersOf(id, signal) {
  /** @type {PoolSettings} */
  const pool = await get(`pools/${encoded(id)}`, {}, signal);
  const names = [
    pool.DeveloperProviderName ?? "",
    ...(pool.CognitoIdentityProviders ?? []).map((provider) => provider.ProviderName),
    ...Object.keys(pool.SupportedLoginProviders ?? {}),
    ...(pool.OpenIdConnectProviderARNs ?? []).map((arn) => arn.split("oidc-provider/")[1] ?? arn),
    ...(pool.SamlProviderARNs ?? []),
  ];
  return names.filter(Boolean);
}

// Identities

const PAGE = 60;
const list = {
  key: "",
  /** @type {Identity[]} */ rows: [],
  next: "",
};

/** @type {(identity: Identity) => HTMLTableRowElement} */
function identityRow(identity) {
  const [first, ...more] = identity.Logins;
  const logins = first && [...loginText(first), more.length > 0 && ` +${more.length}`];
  const id = identity.IdentityId;
  return h(
    "tr",
    { "data-id": id },
    h("td", null, toIdentity(id)),
    h("td", null, stateOf(identity.State)),
    h("td", { class: "cut", title: first ? `${first.Provider} ${first.Subject}` : null }, logins || ""),
  );
}

/** @type {(id: string) => void} */
function markRow(id) {
  for (const row of at("list").querySelectorAll("tr[data-id]")) {
    if (row.getAttribute("data-id") === id) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** Shows the identities of a pool. The rows stay while the filters are the same.
 * @type {(route: Route, query: URLSearchParams, current: string) => Promise<void>} */
async function showList(route, query, current) {
  const [isIn, of] = [query.get("State") ?? "", query.get("Provider") ?? ""];
  const key = JSON.stringify([state.poolId, isIn, of]);
  if (list.key === key && at("list").querySelector("#identities")) {
    markRow(current);
    return;
  }
  await loadList(route, key, isIn, of);
  markRow(current);
}

/** @type {(route: Route, key: string, isIn: string, of: string) => Promise<void>} */
async function loadList(route, key, isIn, of) {
  const pool = state.poolId;
  const path = `pools/${encoded(pool)}/identities`;
  const filters = { State: isIn, Provider: of };
  const [first, providers] = await Promise.all([
    pages(path, "Identities", filters, 1, route.signal),
    providersOf(pool, route.signal),
  ]);
  if (of && !providers.includes(of)) providers.push(of);
  Object.assign(list, { key, rows: first.found, next: first.next });
  const body = h("tbody", null, list.rows.map(identityRow));
  const count = h("span", { class: "soft", id: "count" });
  const more = button("Show more", async () => {
    more.disabled = true;
    try {
      const query = { ...filters, NextToken: list.next };
      const page = await pages(path, "Identities", query, 1, new AbortController().signal);
      if (list.key !== key) return;
      list.rows.push(...page.found);
      list.next = page.next;
      const row = page.found.map(identityRow);
      body.append(...row);
      row[0]?.querySelector("a")?.focus({ preventScroll: true });
      summarize();
    } catch (error) {
      notice(told(error));
    } finally {
      more.disabled = false;
    }
  });
  const summarize = () => {
    count.textContent = countOf();
    more.hidden = !list.next;
  };
  const filter = (/** @type {Record<string, string>} */ changed) => {
    const given = Object.entries({ ...filters, ...changed }).filter(([, value]) => value);
    location.hash = `#/pools/${pool}${given.length > 0 ? `?${new URLSearchParams(given)}` : ""}`;
  };
  summarize();
  const rows = h("table", { id: "identities", "data-arrows": true },
    h("caption", { class: "unseen" }, "Identities in the order of their creation"),
    h("thead", null, h("tr", null,
      h("th", { scope: "col", class: "w-id" }, "Identity"),
      h("th", { scope: "col", class: "w-state" }, "State"),
      h("th", { scope: "col" }, "Logins"))),
    body);
  const isFiltered = isIn !== "" || of !== "";
  const nothing = isFiltered ? "No identity passes the filter." : "This pool has no identity yet.";
  /** @type {[string, string][]} */
  const states = [["", "Any state"], ...Object.entries(STATES)];
  /** @type {[string, string][]} */
  const named = [["", "Any provider"], ...providers.map((name) => /** @type {[string, string]} */ ([name, name]))];
  swap(
    at("list"),
    h("h2", null, "Identities ", count),
    h(
      "div",
      { class: "row filters" },
      choice("State", isIn, states, "filter-state", (State) => filter({ State })),
      choice("Provider", of, named, "filter-provider", (Provider) => filter({ Provider })),
    ),
    list.rows.length > 0 ? rows : h("p", { class: "soft" }, nothing),
    h("p", null, more),
  );
  at("list").setAttribute("aria-label", "Identities");
}

/** Brings the rows of changed identities up to date, and adds new ones to a complete list.
 * @type {(route: Route, events: ChangeEvent[]) => Promise<void>} */
async function refreshList(route, events) {
  /** @type {string[]} */
  const [pool = "", isIn = "", of = ""] = JSON.parse(list.key || "[]");
  const ids = new Set(events.flatMap((event) =>
    event.IdentityPoolId === pool && event.IdentityId ? [event.IdentityId] : []));
  if (ids.size === 0) return;
  const body = at("list").querySelector("#identities tbody");
  const current = at("list").querySelector("[aria-current]")?.getAttribute("data-id") ?? "";
  if (!body || ids.size > PAGE) {
    await loadList(route, list.key, isIn, of);
    markRow(current);
    return;
  }
  for (const id of ids) {
    const place = list.rows.findIndex((row) => row.IdentityId === id);
    const row = body.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (place < 0 && list.next) continue;
    /** @type {Identity | null} */
    const now = await get(`identities/${encoded(id)}`, {}, route.signal).catch(gone);
    const passes = now && (!isIn || now.State === isIn) &&
      (!of || now.Logins.some((login) => login.Provider === of));
    if (now && row) {
      list.rows[place] = now;
      swap(row, ...identityRow(now).childNodes);
    } else if (now && passes) {
      list.rows.push(now);
      body.append(identityRow(now));
    } else if (row) {
      list.rows.splice(place, 1);
      row.remove();
    }
  }
  at("count").textContent = countOf();
}

const countOf = () =>
  list.rows.length > 0 ? `${NUMBER.format(list.rows.length)}${list.next ? " shown" : ""}` : "";

/** @type {(error: unknown) => null} */
function gone(error) {
  if (error instanceof Refused && error.status < 500) return null;
  throw error;
}

// One identity

/** @type {(event: ChangeEvent) => [string, Change][]} */
const changesOf = (event) =>
  event.Changes.flatMap((change) => (typeof change === "string" ? [[change, {}]] : Object.entries(change)));

/** @type {(by: ChangeEvent["By"]) => string} */
const actor = (by) =>
  typeof by === "object" ? by.Account : by === "Anyone" ? "anyone" : "an administrator";

/** What an identity is and how it came to be, in a few sentences.
 * @type {(identity: Identity, events: ChangeEvent[], isWhole: boolean) => Part[]} */
function sentence(identity, events, isWhole) {
  /** @type {Part[]} */
  const parts = [];
  const standing = events.filter((event) => !event.UndoneBy);
  const changes = standing.flatMap((event) =>
    changesOf(event).map(([kind, change]) => ({ event, kind, change })));
  const logins = identity.Logins.length;
  if (identity.State === "AUTHENTICATED") {
    parts.push(`Authenticated by ${logins === 1 ? "one login" : counted(logins, "login")}. `);
  } else if (identity.State === "DISABLED") {
    const merged = changes.find(({ kind }) => kind === "GaveUp");
    const last = changes.find(({ kind }) => kind === "Unlinked" || kind === "Disabled");
    if (merged?.change.To) {
      parts.push("Disabled: merged into ", toIdentity(identityOf(merged.change.To)));
      parts.push(...when(merged.event.Date), ". ");
    } else if (last) {
      const why = last.kind === "Unlinked" ? ", who unlinked its last login," : "";
      parts.push(`Disabled by ${actor(last.event.By)}${why}`, ...when(last.event.Date), ". ");
    } else parts.push("Disabled. ");
  } else parts.push("A guest: it has no login. ");
  for (const { event, change } of changes.filter(({ kind }) => kind === "TookOver").slice(0, 3)) {
    const taken = change.Links?.length ? "Took over the logins of " : "Took over the guest ";
    parts.push(taken, toIdentity(identityOf(change.From ?? "")), ...when(event.Date), ". ");
  }
  const first = isWhole ? events.at(-1) : undefined;
  const isImported = first && changesOf(first).some(([kind]) => kind === "Imported");
  parts.push(isImported ? "Imported" : "Created", first ? ` by ${actor(first.By)}` : "");
  parts.push(...when(isImported ? first.Date : identity.CreationDate), ".");
  return parts;
}

/** When a login was linked, as far as the events tell.
 * @type {(login: Login, events: ChangeEvent[]) => number | null} */
function since(login, events) {
  const gains = ["Created", "Linked", "TookOver", "Restored", "Imported"];
  const isIt = (/** @type {Change} */ change) =>
    change.Links?.some((link) => keyOf(link.Login) === keyOf(login));
  const gained = events.find((event) =>
    changesOf(event).some(([kind, change]) => gains.includes(kind) && isIt(change)));
  return gained?.Date ?? null;
}

const REVERSIBLE = ["TookOver", "GaveUp", "Linked", "Unlinked", "Disabled"];

/** The parts of the text of an event: what changed, and by whom.
 * @type {(event: ChangeEvent) => { what: string, by: string }} */
function textOf(event) {
  const begin = event.Text.indexOf("  ", event.Text.indexOf("  ") + 2) + 2;
  const end = event.Text.lastIndexOf("  by ");
  if (begin < 2 || end < begin) return { what: event.Text, by: "" };
  return { what: event.Text.slice(begin, end), by: `by ${actor(event.By)}, ${event.Operation}` };
}

/** Previews of undos that are open, by their events.
 * @type {Map<string, HTMLElement>} */
const previews = new Map();

/** @type {(event: ChangeEvent, hasIdentity: boolean) => HTMLLIElement} */
function eventItem(event, hasIdentity) {
  const { what, by } = textOf(event);
  const id = event.EventId ?? "";
  const call = event.RequestId && h("a", { href: `#/requests/${encoded(event.RequestId)}` }, "call");
  const item = h(
    "li",
    null,
    time(event.Date),
    " ",
    hasIdentity && event.IdentityId && [toIdentity(event.IdentityId), " "],
    linked(what),
    " ",
    h("span", { class: "by" }, by, call ? [", ", call] : null,
      event.Undid ? [", undid ", linked(event.Undid)] : null,
      event.UndoneBy ? [", undone by ", linked(event.UndoneBy)] : null),
  );
  const isReversible = changesOf(event).some(([kind]) => REVERSIBLE.includes(kind));
  if (hasIdentity || !isReversible || event.UndoneBy || !id) return item;
  const place = previews.get(id) ?? h("div");
  const isOpen = previews.has(id);
  const label = (/** @type {boolean} */ isOpen) => (isOpen ? "Close the preview" : "What would undo do?");
  const opener = button(
    label(isOpen),
    async () => {
      const wasOpen = previews.delete(id);
      if (!wasOpen) previews.set(id, place);
      opener.textContent = label(!wasOpen);
      opener.setAttribute("aria-expanded", String(!wasOpen));
      place.replaceChildren();
      if (!wasOpen) await previewUndo(id, what, place);
    },
    { class: "plain", "data-key": `undo ${id}`, "aria-expanded": String(isOpen) },
  );
  item.append(opener, place);
  return item;
}

/** @type {(id: string, what: string, place: HTMLElement) => Promise<void>} */
async function previewUndo(id, what, place) {
  const refused = (/** @type {string} */ text) =>
    place.replaceChildren(h("div", { class: "box refused", role: "status" }, h("p", null, "Undo is not possible. ", ...linked(text).filter(Boolean).map((part) => part || ""))));
  try {
    /** @type {Preview} */
    const { Explanation } = await post("undo", { EventId: id, Preview: true });
    const { Answered, Refused: verdict } = Explanation.Verdict;
    if (verdict) return refused(verdict.Refusal.Message);
    const changes = () => h("ul", { class: "changes" }, (Answered?.Changes ?? []).map(effectItem));
    const undo = () =>
      ask("Undo this change?", [h("p", null, linked(what)), changes()], "Undo", async () => {
        await post("undo", { EventId: id });
        previews.delete(id);
        open();
        return "The change is undone.";
      });
    place.replaceChildren(
      h("div", { class: "box", role: "status" }, h("p", null, "Undo would make these changes:"), changes(),
        button("Undo…", undo, { class: "main" })),
    );
  } catch (error) {
    refused(told(error));
  }
}

/** A change of an identity that a preview tells.
 * @type {(change: Record<string, Effect>) => HTMLLIElement} */
function effectItem(change) {
  const { Before: before, After: after } = Object.values(change)[0] ?? {};
  if (!before || !after) return h("li", null, Object.keys(change).join());
  const lacks = (/** @type {Identity} */ identity, /** @type {Login} */ login) =>
    !identity.Logins.some((other) => keyOf(other) === keyOf(login));
  const moves = [
    ...after.Logins.filter((login) => lacks(before, login)).map((login) => [", gets ", ...loginText(login)]),
    ...before.Logins.filter((login) => lacks(after, login)).map((login) => [", loses ", ...loginText(login)]),
  ];
  return h(
    "li",
    null,
    toIdentity(before.IdentityId),
    " ",
    stateOf(before.State),
    before.State !== after.State && [" → ", stateOf(after.State)],
    moves,
  );
}

/** @type {(route: Route) => Promise<void>} */
async function showIdentity(route) {
  const path = `identities/${encoded(route.id)}`;
  /** @type {Identity} */
  const identity = await get(path, {}, route.signal);
  choosePool(identity.IdentityPoolId);
  layOut("list", "detail");
  /** @type {{ found: ChangeEvent[], next: string }} */
  const history = await pages(`${path}/history`, "Events", {}, PAGE, route.signal);
  const graph = await graphAround(identity, history.found, route.signal);
  const logins = identity.Logins.map((login) => {
    const from = since(login, history.found);
    const subject = h("td", null, h("bdi", { class: "mono" }, login.Subject));
    return h("tr", null, h("td", null, login.Provider), subject, h("td", null, from === null ? "–" : time(from)));
  });
  detail(
    route,
    back(`#/pools/${identity.IdentityPoolId}`, "Identities"),
    h("div", { class: "row" }, h("h1", { class: "mono" }, identity.IdentityId),
      button("Copy", () => copy(identity.IdentityId, "identity id"), { class: "plain", "data-key": "copy" })),
    h("p", { class: "told" }, sentence(identity, history.found, !history.next)),
    h("div", { class: "split" },
      h("div", null,
        h("h2", null, "Logins"),
        logins.length > 0
          ? table([["Provider"], ["Subject"], ["Since", "w-time"]], logins)
          : h("p", { class: "soft" }, "None."),
        h("h2", null, "History"),
        await eventList(history, `${path}/history`, false, route)),
      h("div", null, h("h2", null, "Logins and merges"), graph)),
  );
  await showList(route, listQuery(), identity.IdentityId);
  state.onEvents = (events) => {
    const near = new Set([identity.IdentityId, ...history.found.flatMap(partners)]);
    if (events.some((event) => near.has(event.IdentityId ?? ""))) open();
    else void refreshList(route, events).catch(fail);
  };
}

/** The filters of the list, if it is of the chosen pool. */
function listQuery() {
  /** @type {string[]} */
  const [pool, isIn = "", of = ""] = JSON.parse(list.key || "[]");
  return new URLSearchParams(pool === state.poolId ? { State: isIn, Provider: of } : {});
}

/** The other identities of an event.
 * @type {(event: ChangeEvent) => string[]} */
const partners = (event) =>
  changesOf(event).flatMap(([, { From, To }]) => [From, To].flatMap((id) => (id ? [identityOf(id)] : [])));

/** @type {(href: string, name: string) => HTMLAnchorElement} */
const back = (href, name) => h("a", { class: "back", href, "data-key": "back" }, `‹ ${name}`);

/** @type {(first: { found: ChangeEvent[], next: string }, path: string, hasIdentity: boolean,
 *   route: Route) => Promise<HTMLElement>} */
async function eventList(first, path, hasIdentity, route) {
  if (first.found.length === 0) return h("p", { class: "soft" }, noHistory());
  let { next } = first;
  const items = h("ol", { class: "events" }, first.found.map((event) => eventItem(event, hasIdentity)));
  const more = button("Show earlier changes", async () => {
    try {
      const page = await pages(path, "Events", { NextToken: next }, 1, route.signal);
      items.append(...page.found.map((event) => eventItem(event, hasIdentity)));
      next = page.next;
      more.hidden = !next;
    } catch (error) {
      if (!isAborted(error)) notice(told(error));
    }
  });
  more.hidden = !next;
  return h("div", null, items, h("p", null, more));
}

/** @type {{ JournalDays?: number | null, Version?: string, RequestLog?: boolean }} */
let health = {};
const noHistory = () =>
  health.JournalDays === null ? "This server keeps no history." : "No change is known.";

// A pool

/** @type {(route: Route) => Promise<void>} */
async function showPool(route) {
  if (!route.id && state.poolId) {
    location.replace(`#/pools/${state.poolId}`);
    return;
  }
  if (!route.id) return showNoPool(route);
  choosePool(route.id);
  layOut("list", "list");
  await showList(route, route.query, "");
  const path = `pools/${encoded(route.id)}`;
  const show = async () => {
    /** @type {[Pool & PoolSettings, any, { found: ChangeEvent[], next: string }]} */
    const [pool, counts, activity] = await Promise.all([
      get(path, {}, route.signal),
      get(`${path}/counts`, {}, route.signal),
      pages(`${path}/activity`, "Events", {}, 1, route.signal),
    ]);
    const total = counts.Authenticated + counts.Unauthenticated + counts.Disabled;
    const providers = Object.entries(counts.Logins).map(([name, count]) =>
      h("tr", null, h("td", null, name), h("td", { class: "right" }, NUMBER.format(count))));
    const roles = Object.entries(pool.Roles).flatMap(([name, arn]) =>
      [h("dt", null, `Role, ${name}`), h("dd", { class: "mono" }, arn)]);
    detail(
      route,
      h("h1", null, pool.IdentityPoolName),
      h("p", { class: "told" }, `${counted(total, "identity", "identities")}: `,
        `${NUMBER.format(counts.Authenticated)} authenticated, `,
        `${counted(counts.Unauthenticated, "guest")}, ${NUMBER.format(counts.Disabled)} disabled.`),
      h("dl", null,
        h("dt", null, "Pool"), h("dd", { class: "mono" }, pool.IdentityPoolId, " ",
          button("Copy", () => copy(pool.IdentityPoolId, "pool id"), { class: "plain", "data-key": "copy" })),
        h("dt", null, "Account"), h("dd", null, `${pool.AccountId}, ${pool.Region}`),
        h("dt", null, "Created"), h("dd", null, time(pool.CreationDate)),
        h("dt", null, "Guests"), h("dd", null, pool.AllowUnauthenticatedIdentities ? "allowed" : "not allowed"),
        roles),
      h("div", { class: "split" },
        h("div", null, h("h2", null, "Latest changes"), await eventList(activity, `${path}/activity`, true, route)),
        h("div", null, h("h2", null, "Logins"),
          providers.length > 0
            ? table([["Provider"], ["Logins", "w-took right"]], providers)
            : h("p", { class: "soft" }, "None."))),
    );
  };
  await show();
  const later = debounced(() => void show().catch(fail), 800);
  state.onEvents = (events) => {
    const ours = events.filter((event) => event.IdentityPoolId === route.id);
    if (ours.length === 0) return;
    later();
    void refreshList(route, ours).catch(fail);
  };
}

/** @type {(run: () => void, millis: number) => () => void} */
function debounced(run, millis) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      run();
    }, millis);
  };
}

/** @type {(route: Route) => void} */
function showNoPool(route) {
  layOut("wide", "detail");
  const command = `aws cognito-identity create-identity-pool --identity-pool-name game \\
  --allow-unauthenticated-identities --endpoint-url ${location.origin}`;
  detail(
    route,
    h("h1", null, "No pool yet"),
    h("p", { class: "told" }, "This page shows identity pools as soon as there are any. Create one with any AWS SDK, or import a file from the menu."),
    h("div", { class: "box" }, h("pre", null, command)),
    h("p", null, button("Copy", () => copy(command, "command"))),
  );
}

// Search

/** @type {(text: string) => void} */
function find(text) {
  const isToken = /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) && text.startsWith("ey");
  const isId = /^[a-z-]+-\d+:[0-9a-f-]{36}$/i.test(text);
  state.token = isToken ? text : "";
  const to = isId
    ? `#/${state.pools.some((pool) => pool.IdentityPoolId === text) ? "pools" : "identities"}/${text}`
    : isToken
      ? "#/find"
      : `#/find?${new URLSearchParams({ Subject: text })}`;
  if (location.hash === to) open();
  else location.hash = to;
}

/** @type {(route: Route) => Promise<void>} */
async function showFound(route) {
  layOut("wide", "detail");
  const subject = route.query.get("Subject");
  if (subject === null) return state.token ? showToken(route, state.token) : showNoToken(route);
  const pool = route.query.get("IdentityPoolId") ?? state.poolId;
  if (!pool) return showNoPool(route);
  choosePool(pool);
  const of = route.query.get("Provider") ?? "";
  const path = `pools/${encoded(pool)}/logins`;
  const query = { SubjectPrefix: subject, Provider: of };
  const providers = await providersOf(pool, route.signal);
  if (of && !providers.includes(of)) providers.push(of);
  const row = (/** @type {{ Login: Login, IdentityId: string }} */ { Login, IdentityId }) =>
    h("tr", null, h("td", null, h("bdi", { class: "mono" }, Login.Subject)), h("td", null, Login.Provider), h("td", null, toIdentity(IdentityId)));
  let { found, next } = await pages(path, "Logins", query, 1, route.signal);
  const rows = table([["Subject"], ["Provider"], ["Identity", "w-id"]], found.map(row), { "data-arrows": true });
  const more = button("Show more", async () => {
    const page = await pages(path, "Logins", { ...query, NextToken: next }, 1, route.signal);
    rows.tBodies[0]?.append(...page.found.map(row));
    next = page.next;
    more.hidden = !next;
  });
  more.hidden = !next;
  const choose = (/** @type {string} */ Provider) =>
    (location.hash = `#/find?${new URLSearchParams({ Subject: subject, ...(Provider && { Provider }) })}`);
  const isRequest = /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(subject);
  /** @type {[string, string][]} */
  const options = [["", "Any provider"], ...providers.map((name) => /** @type {[string, string]} */ ([name, name]))];
  detail(
    route,
    h("h1", null, "Logins whose subject begins with ", h("bdi", { class: "mono" }, subject)),
    h("div", { class: "row filters" }, choice("Provider", of, options, "find-provider", choose)),
    found.length > 0 ? rows : h("p", null, `This pool has no such login${of ? " of this provider" : ""}.`),
    h("p", null, more),
    isRequest && h("p", null, h("a", { href: `#/requests/${encoded(subject)}` }, "Look for a call with this request id")),
  );
}

/** @type {(route: Route) => void} */
function showNoToken(route) {
  detail(route, h("h1", null, "Find"),
    h("p", { class: "told" }, "Enter an identity id, the beginning of a subject, or a token. A token is in no URL, so it must be pasted again after a reload."));
}

/** The claims of a token, unverified.
 * @type {(token: string) => Record<string, unknown>} */
function claimsOf(token) {
  try {
    const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims ? claims : {};
  } catch {
    return {};
  }
}

/** @type {(route: Route, token: string) => Promise<void>} */
async function showToken(route, token) {
  const claims = claimsOf(token);
  const [opened, valid] = await Promise.all([
    post("find", { Token: token }).catch(gone),
    post("token", { Token: token }),
  ]);
  /** @type {Identity | null} */
  let identity = opened;
  const [iss, sub] = [String(claims["iss"] ?? ""), String(claims["sub"] ?? "")];
  if (!identity && !valid.Valid && iss && sub && state.poolId) {
    const Provider = iss.replace(/^https?:\/\//, "").replace(/\/$/, "");
    const login = { IdentityPoolId: state.poolId, Provider, Subject: sub };
    identity = await post("find", login).catch(gone);
  }
  route.signal.throwIfAborted();
  const dates = ["exp", "iat", "nbf", "auth_time"];
  const items = Object.entries(claims).flatMap(([name, value]) => {
    const isDate = dates.includes(name) && typeof value === "number";
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return [h("dt", null, name), h("dd", null, isDate ? time(value) : linked(text))];
  });
  const verdict = valid.Valid
    ? h("p", { class: "told" }, "A valid token of this server.")
    : h("p", { class: "told" }, "Not a valid token of this server: ", linked(valid.Reason));
  detail(
    route,
    h("h1", null, "Token"),
    verdict,
    identity &&
      h("p", null, valid.Valid ? "Its identity: " : "Its user has an identity in this pool: ",
        toIdentity(identity.IdentityId, identity.IdentityId), " ", stateOf(identity.State)),
    h("h2", null, valid.Valid ? "Claims" : "Claims, not verified"),
    items.length > 0 ? h("dl", null, items) : h("p", { class: "soft" }, "It has none that can be read."),
  );
}

// Graphs

const WIDE = { login: 186, identity: 218, identityEnd: 314, all: 332, row: 46, box: 36 };
const GRAPH_MAX = 500;


/** Logins with the identities that have them or had them once, in groups that share nothing.
 * @type {(identities: Identity[], events: ChangeEvent[]) => Net} */
function netOf(identities, events) {
  /** @type {Map<string, LoginNode>} */
  const logins = new Map();
  const states = new Map(identities.map(({ IdentityId, State }) => [IdentityId, State]));
  const merges = new Map();
  const node = (/** @type {Login} */ login) => {
    const found = logins.get(keyOf(login)) ?? { login, now: new Set(), once: new Set() };
    logins.set(keyOf(login), found);
    return found;
  };
  for (const { IdentityId, Logins } of identities) {
    for (const login of Logins) node(login).now.add(IdentityId);
  }
  for (const event of events) {
    const id = event.IdentityId ?? "";
    for (const [kind, { Links = [], From, To }] of changesOf(event)) {
      const loses = ["GaveUp", "GaveBack", "Unlinked"].includes(kind) ? id : "";
      const loser = kind === "TookOver" && From ? identityOf(From) : loses;
      if (!states.has(loser)) continue;
      for (const { Login } of Links) node(Login).once.add(loser);
      const to = kind === "TookOver" ? id : kind === "GaveUp" && To ? identityOf(To) : "";
      if (states.has(to) && !event.UndoneBy) merges.set(loser, to);
    }
  }
  for (const { now, once } of logins.values()) for (const id of now) once.delete(id);
  return { states, merges, clusters: clustersOf(identities, logins, merges) };
}

/** Walks from identity to identity over logins and merges, so that what is connected is near.
 * @type {(identities: Identity[], logins: Map<string, LoginNode>, merges: Map<string, string>) =>
 *   Cluster[]} */
function clustersOf(identities, logins, merges) {
  /** @type {Map<string, LoginNode[]>} */
  const has = new Map();
  /** @type {Map<string, string[]>} */
  const merged = new Map();
  const add = (/** @type {Map<string, any[]>} */ map, /** @type {string} */ key, /** @type {any} */ value) =>
    map.set(key, [...(map.get(key) ?? []), value]);
  for (const login of logins.values()) {
    for (const id of [...login.now, ...login.once]) add(has, id, login);
  }
  for (const [from, to] of merges) {
    add(merged, to, from);
    add(merged, from, to);
  }
  const seen = new Set();
  const clusters = [];
  const byLogins = [...identities].sort((a, b) => b.Logins.length - a.Logins.length);
  for (const { IdentityId } of byLogins) {
    if (seen.has(IdentityId)) continue;
    /** @type {Cluster} */
    const cluster = { logins: [], ids: [] };
    const waiting = [IdentityId];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      cluster.ids.push(id);
      const shares = (/** @type {LoginNode} */ login) => login.now.size + login.once.size;
      const name = (/** @type {LoginNode} */ { login }) => `${login.Provider} ${login.Subject}`;
      const own = (has.get(id) ?? []).sort((a, b) => shares(a) - shares(b) || (name(a) < name(b) ? -1 : 1));
      for (const login of own) {
        if (!seen.has(login)) cluster.logins.push(login);
        seen.add(login);
        waiting.push(...login.now, ...login.once);
      }
      waiting.push(...(merged.get(id) ?? []));
    }
    clusters.push(cluster);
  }
  return clusters.sort((a, b) => b.ids.length - a.ids.length || b.logins.length - a.logins.length);
}

/** @type {(cluster: Cluster, net: Net, shown: string) => SVGElement} */
function drawing({ logins, ids }, { states, merges }, shown) {
  const { row, box } = WIDE;
  const loginY = new Map(logins.map((login, place) => [login, place * row]));
  /** @type {Map<string, number>} */
  const idY = new Map();
  let free = 0;
  for (const id of ids) {
    const own = logins.filter((login) => login.now.has(id));
    const near = own.length > 0 ? own : logins.filter((login) => login.once.has(id));
    const middle = near.reduce((sum, login) => sum + (loginY.get(login) ?? 0), 0) / (near.length || 1);
    idY.set(id, Math.max(free, middle));
    free = (idY.get(id) ?? 0) + row;
  }
  const height = Math.max(free, logins.length * row) - row + box + 2;
  const [left, right] = [WIDE.login, WIDE.identity];
  const edges = logins.flatMap((login) => [...login.now, ...login.once].map((id) => {
    const [from, to] = [(loginY.get(login) ?? 0) + box / 2, (idY.get(id) ?? 0) + box / 2];
    const path = `M${left} ${from}C${left + 20} ${from} ${right - 20} ${to} ${right} ${to}`;
    return svg("path", { d: path, class: login.now.has(id) ? "now" : "once" });
  }));
  const arcs = ids.flatMap((id) => {
    const [from, to] = [idY.get(id), idY.get(merges.get(id) ?? "")];
    if (from === undefined || to === undefined) return [];
    const [end, x, y] = [WIDE.identityEnd, WIDE.all - 2, to + box / 2 + 7];
    const arc = `M${end} ${from + box / 2}C${x} ${from + box / 2} ${x} ${y} ${end + 2} ${y}m6 -4l-6 4l5 5`;
    return [svg("path", { d: arc, class: "merge" }, svg("title", null, `${id} is merged into ${merges.get(id)}`))];
  });
  const boxes = logins.map((login) => {
    const y = loginY.get(login) ?? 0;
    const { Provider, Subject } = login.login;
    return svg("g", { class: login.now.size > 0 ? "login" : "login past" },
      svg("title", null, `${Provider} ${Subject}`),
      svg("rect", { x: 1, y: y + 1, width: left - 1, height: box, rx: 6 }),
      svg("text", { x: 9, y: y + 15, class: "quiet" }, cut(Provider, 30)),
      svg("text", { x: 9, y: y + 30 }, cut(Subject, 24)));
  });
  const names = ids.map((id) => {
    const y = idY.get(id) ?? 0;
    const name = STATES[states.get(id) ?? ""] ?? "";
    return svg("a", { href: `#/identities/${id}`, class: id === shown ? "shown" : null, "data-key": `node ${id}` },
      svg("title", null, id),
      svg("rect", { x: right, y: y + 1, width: WIDE.identityEnd - right, height: box, rx: 10 }),
      svg("text", { x: right + 10, y: y + 15 }, short(id)),
      svg("text", { x: right + 10, y: y + 30, class: "quiet" }, name));
  });
  const label = `${counted(logins.length, "login")}, ${counted(ids.length, "identity", "identities")}`;
  const view = `0 0 ${WIDE.all} ${height}`;
  return svg("svg", { viewBox: view, role: "group", "aria-label": label }, edges, arcs, boxes, names);
}

const LEGEND = "A solid line: the identity has the login. A dashed line: it had the login once. An arrow: a merge.";

/** @type {(net: Net, shown: string) => Part[]} */
function graphParts(net, shown) {
  const drawn = net.clusters.filter(({ logins, ids }) => logins.length > 0 || ids.length > 1);
  const alone = net.clusters.filter((cluster) => !drawn.includes(cluster)).flatMap(({ ids }) => ids);
  return [
    drawn.length > 0 &&
      h("ul", { class: "graph" }, drawn.map((cluster) => h("li", null, drawing(cluster, net, shown)))),
    alone.length > 0 && shown === "" &&
      h("section", null,
        h("h2", null, `Without any login: ${NUMBER.format(alone.length)}`),
        h("ul", { class: "chips" }, alone.map((id) =>
          h("li", null, toIdentity(id), " ", h("span", { class: "soft" }, STATES[net.states.get(id) ?? ""] ?? ""))))),
  ];
}

/** The logins of an identity, and of those that it was merged with.
 * @type {(identity: Identity, events: ChangeEvent[], signal: AbortSignal) => Promise<HTMLElement>} */
async function graphAround(identity, events, signal) {
  const others = [...new Set(events.flatMap(partners))].filter((id) => id !== identity.IdentityId);
  const read = others.slice(0, 40).map((id) => get(`identities/${encoded(id)}`, {}, signal).catch(gone));
  const near = (await Promise.all(read)).filter((other) => other !== null);
  const net = netOf([identity, ...near], events);
  const parts = graphParts(net, identity.IdentityId);
  if (!parts[0]) return h("p", { class: "soft" }, "It has had no login.");
  return h("div", null, parts, h("p", { class: "legend" }, LEGEND));
}

/** @type {(route: Route) => Promise<void>} */
async function showGraph(route) {
  const id = route.id || state.poolId;
  if (!id) return showNoPool(route);
  layOut("wide", "detail");
  const pool = state.pools.find((pool) => pool.IdentityPoolId === id);
  if (!pool) {
    const path = `identities/${encoded(id)}`;
    /** @type {Identity} */
    const identity = await get(path, {}, route.signal);
    choosePool(identity.IdentityPoolId);
    const history = await pages(`${path}/history`, "Events", {}, 600, route.signal);
    detail(route, h("h1", null, "Logins and merges of ", toIdentity(id, id)),
      await graphAround(identity, history.found, route.signal));
    return;
  }
  choosePool(id);
  const path = `pools/${encoded(id)}`;
  const [identities, activity] = await Promise.all([
    pages(`${path}/identities`, "Identities", {}, GRAPH_MAX, route.signal),
    pages(`${path}/activity`, "Events", {}, 1_200, route.signal),
  ]);
  const isPart = identities.next !== "" || identities.found.length > GRAPH_MAX;
  const first = identities.found.slice(0, GRAPH_MAX);
  const net = netOf(first, activity.found);
  const shown = isPart ? `The first ${counted(GRAPH_MAX, "identity", "identities")}` : counted(first.length, "identity", "identities");
  const earlier = activity.next ? " Only the latest 1,200 changes are told." : "";
  detail(
    route,
    h("h1", null, `Logins and merges of ${pool.IdentityPoolName}`),
    h("p", { class: "legend" }, `${shown}, the most connected first. ${LEGEND}${earlier}`),
    graphParts(net, ""),
  );
  const later = debounced(() => open(), 2_000);
  state.onEvents = (events) => {
    if (events.some((event) => event.IdentityPoolId === id)) later();
  };
}

// Calls of the service

const CALLS_SHOWN = 100;
const log = {
  /** @type {ServiceCall[]} */ calls: [],
  next: 0,
  shown: CALLS_SHOWN,
  isPaused: false,
  onlyRefused: false,
};

/** @type {(signal: AbortSignal) => Promise<boolean>} */
async function readCalls(signal) {
  let told = await get("requests", { After: log.next, MaxResults: 1_000 }, signal);
  if (told.Gap) {
    log.calls = [];
    told = await get("requests", { MaxResults: 1_000 }, signal);
  }
  log.next = told.Next;
  log.calls = [...told.Requests, ...log.calls].slice(0, 1_000);
  return told.Requests.length > 0;
}

/** @type {(call: ServiceCall, current: string) => HTMLTableRowElement} */
function callRow(call, current) {
  const id = call.RequestId;
  const name = id
    ? h("a", { class: "whole", href: `#/requests/${encoded(id)}`, "data-key": `call ${id}` }, call.Operation)
    : call.Operation;
  const why = call.Exception &&
    h("span", { class: "why" }, h("span", { class: "bad" }, call.Exception), ` ${call.Message ?? ""}`);
  const isGood = call.Status < 400;
  return h("tr", { "aria-current": id === current ? "true" : null },
    h("td", null, time(call.Date)),
    h("td", null, name, why),
    h("td", { class: "caller" }, call.Caller),
    h("td", { class: isGood ? "good" : "bad" }, String(call.Status)),
    h("td", { class: "right took" }, took(call.DurationMicros)));
}

/** @type {(current: string) => void} */
function renderCalls(current) {
  const calls = log.calls.filter((call) => !log.onlyRefused || call.Exception);
  const more = button("Show more", () => {
    log.shown += CALLS_SHOWN;
    renderCalls(current);
  }, { "data-key": "more calls" });
  const only = h("input", { type: "checkbox", id: "only-refused" });
  only.checked = log.onlyRefused;
  only.addEventListener("change", () => {
    log.onlyRefused = only.checked;
    renderCalls(current);
  });
  const pause = button(log.isPaused ? "Go on" : "Pause", () => {
    log.isPaused = !log.isPaused;
    renderCalls(current);
  }, { id: "pause", "aria-pressed": String(log.isPaused) });
  const rows = table(
    [["Time", "w-clock"], ["Operation"], ["Caller", "w-caller"], ["Answer", "w-answer"], ["Took", "w-took right"]],
    calls.slice(0, log.shown).map((call) => callRow(call, current)),
    { id: "calls", "data-arrows": true },
  );
  const nothing = log.onlyRefused && log.calls.length > 0 ? "No call was refused." : "No call yet.";
  swap(at("list"),
    h("div", { class: "row apart" },
      h("h2", null, "Requests ", h("span", { class: "soft" }, NUMBER.format(calls.length))),
      h("div", { class: "row" }, h("label", { class: "check" }, only, "Only refused"), pause)),
    calls.length > 0 ? rows : h("p", { class: "soft" }, nothing),
    calls.length > log.shown && h("p", null, more));
  at("list").setAttribute("aria-label", "Requests");
}

/** @type {(route: Route) => Promise<void>} */
async function showRequests(route) {
  layOut("requests", route.id ? "detail" : "list");
  if (health.RequestLog === false) {
    layOut("wide", "detail");
    detail(route, h("h1", null, "Requests"), h("p", { class: "told" }, "This server keeps no request log."));
    return;
  }
  await readCalls(route.signal);
  renderCalls(route.id);
  void watchCalls(route);
  if (route.id) await showCall(route);
  else {
    detail(route, h("h1", null, "Requests"),
      h("p", { class: "told" }, "The last 1,000 calls of the service appear here as they come, without their tokens. A refused one has its reason."),
      h("p", { class: "soft" }, "The response to a refused call also has the address of its reason, in the header ", h("code", null, "x-cognate-why"), "."));
  }
}

/** @type {(route: Route) => Promise<void>} */
async function watchCalls(route) {
  while (!route.signal.aborted) {
    await sleep(1_000);
    if (route.signal.aborted || document.hidden || log.isPaused) continue;
    // The status line tells a failure, and the next round tries again.
    const isNew = await readCalls(route.signal).catch(() => false);
    if (isNew && !route.signal.aborted) renderCalls(route.id);
  }
}

/** @type {(route: Route) => Promise<void>} */
async function showCall(route) {
  /** @type {ServiceCall} */
  const call = await get(`requests/${encoded(route.id)}`, {}, route.signal);
  const reasons = call.ExplanationText ? explained(call.ExplanationText) : [];
  const refused = call.Exception &&
    h("div", { class: "box refused" },
      h("p", null, h("strong", null, call.Exception), h("br"), linked(call.Message ?? "")),
      reasons.length > 0 ? reasons : h("p", { class: "soft" }, "There is no explanation beyond this message."));
  const logins = call.Logins.map((login) => h("tr", null,
    h("td", null, login.Provider),
    h("td", null, h("bdi", { class: "mono" }, login.Subject ?? "–")),
    h("td", null, login.Issuer ?? "–"),
    h("td", null, login.Audience ?? "–"),
    h("td", null, login.Expiry === undefined ? "–" : time(login.Expiry))));
  detail(route,
    back("#/requests", "Requests"),
    h("h1", null, call.Operation),
    call.Exception ? refused : h("p", { class: "told good" }, "Answered."),
    h("dl", null,
      h("dt", null, "Time"), h("dd", null, time(call.Date), `, took ${took(call.DurationMicros)}`),
      h("dt", null, "Caller"), h("dd", null, call.Caller, call.Region ? `, ${call.Region}` : ""),
      h("dt", null, "Answer"), h("dd", null, String(call.Status)),
      h("dt", null, "Request id"), h("dd", { class: "mono" }, call.RequestId ?? "–")),
    logins.length > 0 && [
      h("h2", null, "Logins presented, as they claim"),
      table([["Provider"], ["Subject"], ["Issuer"], ["Audience"], ["Expires", "w-clock"]], logins),
    ],
    h("h2", null, "Request"),
    call.Body
      ? h("div", { class: "box" }, h("pre", null, JSON.stringify(call.Body, null, 2)))
      : h("p", { class: "soft" }, "Its body was too long to keep, or is not JSON."),
    call.Body && h("p", { class: "row" },
      button("Copy as curl", () => copy(asCurl(call), "curl"), { "data-key": "curl" }),
      button("Copy as testkit script", () => copy(asScript(call), "script"), { "data-key": "script" })),
    call.Body && call.Logins.length > 0 &&
      h("p", { class: "soft" }, "Tokens are not kept. Put your own in place of <token of …>."));
}

/** @type {(text: string) => string} */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @type {(call: ServiceCall) => string} */
function asCurl(call) {
  const scope = `${call.Caller}/20260101/${call.Region ?? "us-east-1"}/cognito-identity/aws4_request`;
  const signed = `authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`;
  const headers = ["content-type: application/x-amz-json-1.1", `x-amz-target: ${call.Target}`];
  if (call.Caller !== "anyone") headers.push(signed);
  const parts = [...headers.map((header) => `-H ${quoted(header)}`), `--data-raw ${quoted(JSON.stringify(call.Body))}`];
  return `curl -sS ${quoted(`${location.origin}/`)} \\\n  ${parts.join(" \\\n  ")}`;
}

/** A line that the scripts of the testkit read.
 * @type {(call: ServiceCall) => string} */
function asScript(call) {
  const caller = call.Caller === "anyone" ? "public" : `account0/${call.Region ?? "us-east-1"}`;
  return `${caller} ${call.Operation} ${JSON.stringify(call.Body)}\n`;
}

// Menu

/** @type {(error: unknown) => never} */
function notImported(error) {
  const text = told(error);
  if (error instanceof Refused) throw new Error(`Nothing was imported. ${text[0]?.toUpperCase()}${text.slice(1)}.`);
  throw error;
}

function askImport() {
  const file = h("input", { type: "file", id: "file" });
  const pool = state.pools.find((pool) => pool.IdentityPoolId === state.poolId);
  const option = (/** @type {string} */ value, /** @type {string} */ label, /** @type {boolean} */ checked) =>
    h("label", null, h("input", { type: "radio", name: "into", value, checked }), label);
  const into = h("fieldset", null, h("legend", { class: "unseen" }, "Target"),
    option("", "An export: creates the pools of the file", true),
    pool && option(pool.IdentityPoolId, `A seed: adds its identities to ${cut(pool.IdentityPoolName, 40)}`, false));
  const content = [h("p", null, h("label", { for: "file" }, "A file of lines, as an export writes it")), file, into];
  ask("Import a file", content, "Import", async () => {
    const chosen = file.files?.[0];
    if (!chosen) throw new Error("Choose a file first.");
    const target = into.querySelector("input:checked")?.getAttribute("value") ?? "";
    const query = target ? { IdentityPoolId: target } : {};
    const done = await post("import", chosen, /** @type {Record<string, string>} */ (query)).catch(notImported);
    await reload();
    return `Imported ${counted(done.IdentityPoolIds.length, "pool")}, ${counted(done.Identities, "identity", "identities")} and ${counted(done.Events, "event")}.`;
  });
}

/** @type {(id: string) => void} */
function askReset(id) {
  const pool = state.pools.find((pool) => pool.IdentityPoolId === id);
  const name = pool ? pool.IdentityPoolName : counted(state.pools.length, "pool");
  const what = pool ? "the pool with all its identities and their history" : "all pools with their identities and their history";
  const text = `This deletes ${what}. It cannot be undone. The keys that sign tokens stay.`;
  ask(pool ? `Reset ${name}?` : `Reset everything: ${name}?`, h("p", null, text), "Reset", async () => {
    const { DeletedIdentityPoolIds } = await post("reset", id ? { IdentityPoolId: id } : {});
    await reload();
    return `Deleted ${counted(DeletedIdentityPoolIds.length, "pool")}.`;
  }, true);
}

/** An export as a link, unless it needs the token, which a link cannot have.
 * @type {(event: Event) => Promise<void>} */
async function download(event) {
  const link = event.currentTarget;
  if (!(link instanceof HTMLAnchorElement) || !sessionStorage.getItem(TOKEN)) return;
  event.preventDefault();
  try {
    const response = await send("GET", link.getAttribute("href") ?? "", { wait: 600_000 });
    const url = URL.createObjectURL(await response.blob());
    h("a", { href: url, download: link.download }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    notice(told(error));
  }
}

// Views

/** @type {Record<string, (route: Route) => Promise<void>>} */
const VIEWS = {
  "": showPool,
  pools: showPool,
  identities: showIdentity,
  graph: showGraph,
  requests: showRequests,
  find: showFound,
};

/** @type {(signal: AbortSignal) => Route} */
function routed(signal) {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [name = "", ...rest] = path.split("/");
  let id = rest.join("/");
  try {
    id = decodeURIComponent(id);
  } catch {
    // The id is shown as it stands, as one that is not known.
  }
  return { name, id, query: new URLSearchParams(query), signal };
}

/** Shows the view that the address names. */
async function open() {
  state.view.abort();
  state.view = new AbortController();
  state.onEvents = null;
  const route = routed(state.view.signal);
  const tab = { "": "identities", pools: "identities", identities: "identities" }[route.name] ?? route.name;
  for (const name of ["identities", "graph", "requests"]) {
    if (tab === name) at(`to-${name}`).setAttribute("aria-current", "page");
    else at(`to-${name}`).removeAttribute("aria-current");
  }
  const show = Object.hasOwn(VIEWS, route.name) ? VIEWS[route.name] : undefined;
  try {
    if (show) await show(route);
    else throw new Refused(404, { message: "There is no view at this address." });
  } catch (error) {
    fail(error, route);
  }
}

/** @type {(error: unknown, route?: Route) => void} */
function fail(error, route = routed(state.view.signal)) {
  if (isAborted(error)) return;
  const isShown = at("detail").querySelector("h1")?.getAttribute("data-of") === location.hash;
  // What is shown stays while the server is away. The status line tells that it is.
  if (error instanceof Unreachable && isShown) return;
  if (!(error instanceof Refused || error instanceof Unreachable)) console.error(error);
  layOut("wide", "detail");
  const title = error instanceof Refused && error.status === 404 ? "Not found" : "This cannot be shown";
  detail(route, h("h1", null, title), h("p", { class: "told" }, linked(told(error))),
    h("p", null, h("a", { href: "#/" }, "To the identities")));
}

async function reload() {
  await loadPools();
  list.key = "";
  const { name, id } = routed(state.view.signal);
  const isGone = (name === "pools" || name === "graph") && id && !state.pools.some((pool) => pool.IdentityPoolId === id);
  if (isGone && name === "pools") location.hash = "#/";
  else await open();
}

// Live

/** @type {(millis: number) => Promise<void>} */
const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** @type {(name: "wait" | "live" | "lost" | "locked") => void} */
function setStatus(name) {
  const texts = { wait: "Connecting", live: "Live", lost: "Not connected, trying again", locked: "Token needed" };
  if (at("status").dataset["state"] === name) return;
  at("status").dataset["state"] = name;
  at("status").textContent = texts[name];
}

/** @type {(events: ChangeEvent[]) => Promise<void>} */
async function dispatch(events) {
  const isOfPools = events.some((event) => !event.IdentityId);
  const { name } = routed(state.view.signal);
  if (isOfPools) await (name === "requests" ? loadPools() : reload());
  else state.onEvents?.(events);
}

/** Waits for events for ever. A hidden page does not wait: it would keep a connection. */
async function live() {
  let [cursor, hasStarted, poll] = ["", false, new AbortController()];
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) poll.abort();
  });
  for (;;) {
    while (document.hidden) await sleep(200);
    poll = new AbortController();
    const begun = performance.now();
    try {
      const query = cursor ? { After: cursor, Wait: 25 } : {};
      const response = await send("GET", "events", { query, signal: poll.signal, wait: 40_000 });
      const { Events, Cursor, Gap } = await response.json();
      const wasLost = at("status").dataset["state"] === "lost";
      setStatus("live");
      if (!hasStarted || Gap || wasLost) await begin();
      else if (Events.length > 0) await dispatch(Events);
      const isQuick = cursor !== "" && performance.now() - begun < 200;
      [cursor, hasStarted] = [Cursor, true];
      if (isQuick) await sleep(Events.length > 0 ? 250 : 1_000);
    } catch (error) {
      if (isAborted(error)) continue;
      setStatus("lost");
      if (!hasStarted) fail(error);
      await sleep(1_000);
    }
  }
}

async function begin() {
  health = await get("health");
  const days = health.JournalDays;
  const history = days === null || days === undefined ? "No history is kept" : `History: ${counted(days, "day")}`;
  at("about").textContent = `cognate ${health.Version ?? ""}. ${history}.`;
  await reload();
}

at("pool").addEventListener("change", () => {
  const { value } = /** @type {HTMLSelectElement} */ (at("pool"));
  const view = routed(state.view.signal).name === "graph" ? "graph" : "pools";
  location.hash = `#/${view}/${value}`;
});
at("find").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = /** @type {HTMLInputElement} */ (at("text"));
  const text = field.value.trim();
  if (!text) return;
  field.value = "";
  field.blur();
  find(text);
});
at("import").addEventListener("click", askImport);
at("reset-pool").addEventListener("click", () => askReset(state.poolId));
at("reset-all").addEventListener("click", () => askReset(""));
for (const id of ["export-pool", "export-all"]) at(id).addEventListener("click", download);
at("menu").addEventListener("click", () => at("menu").hidePopover());
addEventListener("hashchange", () => {
  state.hasNavigated = true;
  void open();
});
document.addEventListener("keydown", (event) => {
  const link = event.target;
  if (!(link instanceof HTMLAnchorElement) || !link.closest("[data-arrows] tbody")) return;
  const links = [...(link.closest("tbody")?.rows ?? [])].map((row) => row.querySelector("a"));
  const place = links.indexOf(link);
  const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: links.length - 1 }[event.key];
  const target = to === undefined ? null : links[to];
  if (!target) return;
  event.preventDefault();
  target.focus();
});
void live();
