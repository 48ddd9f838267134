// @ts-check
// The inspector page. It reads the control plane, and asks before it changes anything. Names come
// from strangers, so all of them become text nodes. Types are in tests/inspector/types.d.ts.

export {};

// Elements

/** Adds children to an element, and sets the attributes and listeners of plain objects.
 * @type {<E extends Element>(element: E, rest: (Props | Child)[]) => E} */
function filled(element, rest) {
	for (const part of /** @type {(Props | Part)[]} */ (rest.flat(9))) {
		if (!part) continue;
		if (typeof part === "string" || part instanceof Node) element.append(part);
		else {
			for (const [name, value] of Object.entries(part)) {
				if (typeof value === "function") element.addEventListener(name, value);
				else if (value !== false && value !== null) element.setAttribute(name, String(value));
			}
		}
	}
	return element;
}

const html = /** @type {Tags} */ (new Proxy({}, {
	get: (_, tag) => (/** @type {(Props | Child)[]} */ ...rest) =>
		filled(document.createElement(String(tag)), rest),
}));
const { a, bdi, dd, div, dl, dt, h1, h2, input, label, li, option, p, span, td, th, tr, ul } = html;

/** @type {(tag: string, ...rest: (Props | Child)[]) => Element} */
const svg = (tag, ...rest) =>
	filled(document.createElementNS("http://www.w3.org/2000/svg", tag), rest);

/** @type {(id: string) => HTMLElement} */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const [detail, sidebar, status] = [at("detail"), at("list"), at("status")];

/** Replaces the content of an element, and keeps the focus and the scroll position.
 * @type {(element: Element, ...rest: (Props | Child)[]) => void} */
function swap(element, ...rest) {
	const focused = element.contains(document.activeElement) ? document.activeElement : null;
	const key = focused?.id || focused?.getAttribute("data-key");
	const top = element.scrollTop;
	element.replaceChildren();
	filled(element, rest);
	element.scrollTop = top;
	if (!key) return;
	/** @type {HTMLElement | SVGElement | null} */
	const again = element.querySelector(`[data-key="${CSS.escape(key)}"], #${CSS.escape(key)}`);
	again?.focus({ preventScroll: true });
}

/** A button that tells why it fails.
 * @type {Page["button"]} */
function button(label, run, props = {}) {
	const click = async () => {
		try {
			await run();
		} catch (error) {
			if (!isAborted(error)) notice(told(error));
		}
	};
	return html.button({ type: "button", "data-key": label, ...props, click }, label);
}

/** @type {(...rest: Child[]) => HTMLElement} */
const quiet = (...rest) => p({ class: "soft" }, rest);
/** @type {(...rest: Child[]) => HTMLElement} */
const lead = (...rest) => p({ class: "told" }, rest);

/** @type {(text: string) => HTMLButtonElement} */
const copyButton = (text) => button("Copy", () => copy(text), { class: "plain" });

/** @type {Page["table"]} */
const table = (heads, body, props = {}) =>
	html.table(
		props,
		html.thead(tr(heads.map(([name, kind]) => th({ scope: "col", class: kind ?? null }, name)))),
		body instanceof HTMLElement ? body : html.tbody(body),
	);

/** @type {Page["choice"]} */
function choice(name, value, options, id, change) {
	const texts = Object.entries(options).map(([value, text]) => option({ value }, text));
	const select = html.select({ id }, texts);
	select.value = value;
	select.addEventListener("change", () => change(select.value));
	return label(span({ class: "unseen" }, name), select);
}

/** @type {(terms: [string, Child][] | Record<string, Child>) => HTMLElement} */
const terms = (terms) =>
	dl((Array.isArray(terms) ? terms : Object.entries(terms))
		.map(([name, value]) => [dt(name), dd(value)]));

let noticeTimer = 0;
/** @type {(text: string) => void} */
function notice(text) {
	at("notice").textContent = text;
	clearTimeout(noticeTimer);
	noticeTimer = setTimeout(() => (at("notice").textContent = ""), 5_000);
}

/** Shows the content of a view. A reader of another view gets its heading.
 * @type {(heading: Child, ...rest: Child[]) => void} */
function show(heading, ...rest) {
	const isSame = detail.querySelector("h1")?.getAttribute("data-of") === location.hash;
	const title = h1({ tabindex: -1, "data-of": location.hash }, heading);
	const { name } = routed();
	const [to, above] =
		name === "requests" ? ["#/requests", "Requests"] : [`#/pools/${state.pool}`, "Identities"];
	swap(detail, a({ class: "back", href: to, "data-key": "back" }, `‹ ${above}`), title, rest);
	document.title = `${title.textContent} · cognate`;
	if (isSame) return;
	detail.scrollTop = 0;
	const isChoosing = document.activeElement?.matches("select, input");
	if (state.hasNavigated && !isChoosing) title.focus({ preventScroll: true });
}

/** @type {(view: "list" | "requests" | "wide", shows?: "list" | "detail") => void} */
const layOut = (view, shows = "detail") => void Object.assign(at("main").dataset, { view, shows });

// Texts

/** @type {(value: number) => string} */
const number = (value) => value.toLocaleString("en");
/** @type {(count: number, one: string, many?: string) => string} */
const counted = (count, one, many = `${one}s`) =>
	`${number(count)} ${count === 1 ? one : many}`;
/** @type {(count: number) => string} */
const identities = (count) => counted(count, "identity", "identities");

/** @type {(id: string) => string} */
const short = (id) => (id.split(":")[1] ?? id).slice(0, 8);
/** @type {(text: string, length: number) => string} */
const cut = (text, length) =>
	[...text].length > length ? `${[...text].slice(0, length - 1).join("")}…` : text;
/** @type {(text: string) => string} */
const encoded = (text) => encodeURIComponent(text).replaceAll("%3A", ":");
/** @type {(event?: string) => string} */
const identityOf = (event) => event?.split("/")[0] ?? "";
/** @type {(login: Login) => string} */
const keyOf = (login) => `${login.Kind} ${login.Provider} ${login.Subject}`;

/** A local time, with the time in UTC as its title.
 * @type {(seconds: number) => HTMLElement} */
function time(seconds) {
	const date = new Date(seconds * 1000);
	if (Number.isNaN(date.getTime())) return span(String(seconds));
	const isToday = date.toDateString() === new Date().toDateString();
	const day = isToday ? "" : `${date.toLocaleDateString("en-GB", { dateStyle: "medium" })} `;
	const text = `${day}${date.toLocaleTimeString("en-GB")}`;
	const datetime = date.toISOString();
	return html.time({ datetime, title: `${datetime.slice(0, -1).replace("T", " ")} UTC` }, text);
}
/** @type {(seconds: number) => Part[]} */
const when = (seconds) => {
	const shown = time(seconds);
	return [/ /.test(shown.textContent) ? " on " : " at ", shown];
};
/** @type {(micros: number) => string} */
const took = (micros) =>
	`${micros < 10_000 ? (micros / 1000).toFixed(1) : number(Math.round(micros / 1000))} ms`;

/** @type {Record<string, string>} */
const STATES = { AUTHENTICATED: "Authenticated", UNAUTHENTICATED: "Guest", DISABLED: "Disabled" };
/** @type {(name: string) => HTMLElement} */
const stateOf = (name) => span({ class: `state ${name.toLowerCase()}` }, STATES[name] ?? name);

/** @type {(id: string, text?: string) => HTMLElement} */
const toIdentity = (id, text = short(id)) =>
	a({ class: "mono", href: `#/identities/${id}`, title: id, "data-key": `to ${id}` }, text);

/** @type {(text: string) => HTMLElement} */
const mono = (text) => bdi({ class: "mono" }, text);

const IDS = /([a-z]{2}(?:-[a-z]+)+-\d+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\/\d+)?)/i;

/** A text in which ids of identities and pools are short links.
 * @type {(text: string) => Part[]} */
const linked = (text) =>
	text.split(IDS).map((part, place) => {
		if (place % 2 === 0) return part;
		const id = identityOf(part);
		const pool = poolOf(id);
		return pool ? a({ href: `#/pools/${id}`, title: id }, pool.IdentityPoolName) : toIdentity(id);
	});

/** @type {(login: Login) => Part[]} */
const loginText = (login) => [span({ class: "soft" }, login.Provider), " ", mono(login.Subject)];

// The control plane

/** The server refuses a request, or does not answer: then the status is 0. */
class Refused extends Error {
	/** @param {number} status @param {string} [message] */
	constructor(status, message) {
		super(message || `The server answers ${status}`);
		this.status = status;
	}
}
const unreachable = () => new Refused(0, "The server does not answer.");
/** @type {(error: unknown) => string} */
const told = (error) => (error instanceof Error ? error.message : String(error));
/** @type {(error: unknown) => boolean} */
const isAborted = (error) => error instanceof DOMException && error.name === "AbortError";
/** @type {(error: unknown) => null} */
function gone(error) {
	if (error instanceof Refused && [400, 404].includes(error.status)) return null;
	throw error;
}

const TOKEN = "cognate-token";
const NEVER = new AbortController().signal;

/** @type {Page["send"]} */
async function send(method, path, query, body, signal = NEVER, millis = 40_000) {
	const given = Object.entries(query).filter(([, value]) => value !== "");
	const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
	for (;;) {
		const token = sessionStorage.getItem(TOKEN);
		/** @type {Record<string, string>} */
		const headers = token ? { authorization: `Bearer ${token}` } : {};
		const limited = AbortSignal.any([signal, AbortSignal.timeout(millis)]);
		/** @type {RequestInit} */
		const options = { method, headers, body: body ?? null, signal: limited, credentials: "omit" };
		const response = await fetch(`${path}?${search}`, options).catch(() => null);
		signal.throwIfAborted();
		if (!response) {
			setStatus("lost");
			throw unreachable();
		}
		if (response.ok) return response;
		if (response.status === 401) await askForToken(token);
		else {
			const { Message, message } = await response.json().catch(() => ({}));
			throw new Refused(response.status, Message ?? message);
		}
	}
}

/** @type {Page["get"]} */
async function get(path, query = {}, signal = state.view.signal) {
	const response = await send("GET", path, query, undefined, signal);
	const told = await response.json().catch(() => null);
	signal.throwIfAborted();
	if (told === null) throw unreachable();
	return told;
}

/** @type {Page["post"]} */
async function post(path, body, query = {}) {
	const sent = body instanceof Blob ? body : JSON.stringify(body);
	return (await send("POST", path, query, sent, NEVER, 600_000)).json();
}

/** Reads pages until there are `count` entries or no more pages. A page can be short.
 * @type {Page["pages"]} */
async function pages(path, member, query, count, signal) {
	const found = [];
	let next = query["NextToken"] ?? "";
	do {
		const page = await get(path, { MaxResults: 60, ...query, NextToken: next }, signal);
		found.push(...page[member]);
		next = page.NextToken ?? "";
	} while (next && found.length < count);
	return { found, next: String(next) };
}

/** Shows entries page by page: in `into`, each as a `row`.
 * @type {Page["paged"]} */
async function paged(path, member, query, into, row, signal, after) {
	const read = async () => {
		const { found, next } = await pages(path, member, { ...query, NextToken: all.next }, 1, signal);
		const rows = found.map(row);
		all.found.push(...found);
		all.next = next;
		all.more.hidden = !next;
		into.append(...rows);
		after?.();
		return rows;
	};
	const more = button("Show more", async () => (await read())[0]?.querySelector("a")?.focus());
	/** @type {Paged<any>} */
	const all = { found: [], next: "", more };
	await read();
	return all;
}

/** @type {Promise<void> | null} */
let asking = null;

/** Asks for a token, unless another request has got one meanwhile.
 * @type {(tried: string | null) => Promise<void>} */
function askForToken(tried) {
	if (sessionStorage.getItem(TOKEN) !== tried) return Promise.resolve();
	asking ??= new Promise((resolve) => {
		setStatus("locked");
		const field = input({ type: "password", id: "token", autocomplete: "off", required: "" });
		const submit = (/** @type {Event} */ event) => {
			event.preventDefault();
			sessionStorage.setItem(TOKEN, field.value.trim());
			asking = null;
			dialog.close();
			resolve();
		};
		const why = "This server demands the token that is in its token file.";
		openDialog("Token of the control plane", html.form(
			{ submit },
			tried ? p({ class: "bad", role: "alert" }, "This token is wrong.") : p(why),
			label({ for: "token" }, "Token"), field,
			quiet("This tab keeps it until it is closed."),
			div({ class: "actions" }, html.button({ class: "main" }, "Enter")),
		), field);
		dialog.oncancel = (event) => event.preventDefault();
	});
	return asking;
}

// Dialogs

const dialog = /** @type {HTMLDialogElement} */ (at("dialog"));
// A browser closes it after a second Escape, whatever the page says.
dialog.onclose = () => asking && dialog.showModal();

/** @type {(title: string, content: Child, focus: HTMLElement) => void} */
function openDialog(title, content, focus) {
	dialog.oncancel = null;
	swap(dialog, h2({ id: "dialog-title" }, title), content);
	if (!dialog.open) dialog.showModal();
	focus.focus();
}

/** Asks before a change. The dialog stays open, and tells the reason, if the change fails.
 * @type {Page["ask"]} */
function ask(title, content, verb, make, kind = "") {
	const failure = div({ role: "alert" });
	const cancel = button("Cancel", () => dialog.close());
	const confirm = button(verb, async () => {
		confirm.disabled = true;
		try {
			const done = await make();
			dialog.close();
			notice(done);
		} catch (error) {
			confirm.disabled = false;
			swap(failure, p({ class: "bad" }, told(error)));
		}
	}, { class: `main ${kind}` });
	openDialog(title, [content, failure, div({ class: "actions" }, cancel, confirm)], cancel);
}

/** @type {(text: string) => Promise<void>} */
async function copy(text) {
	try {
		await navigator.clipboard.writeText(text);
		notice("Copied.");
	} catch {
		const field = html.textarea({ readonly: "", "aria-labelledby": "dialog-title" }, text);
		const close = button("Close", () => dialog.close(), { class: "main" });
		openDialog("Copy this text", [field, div({ class: "actions" }, close)], field);
		field.select();
	}
}

// State

/** @type {State} */
const state = {
	pools: [],
	pool: "",
	hasNavigated: false,
	token: "",
	view: new AbortController(),
	onEvents: null,
	health: {},
};

/** @type {(id: string) => Pool | undefined} */
const poolOf = (id) => state.pools.find((pool) => pool.IdentityPoolId === id);
const poolChoice = /** @type {HTMLSelectElement} */ (at("pool"));

/** @type {(id: string) => void} */
function choosePool(id) {
	state.pool = id;
	const name = cut(poolOf(id)?.IdentityPoolName ?? "this pool", 20);
	if (id && !poolOf(id)) poolChoice.append(option({ value: id }, short(id)));
	poolChoice.value = id;
	at("to-identities").setAttribute("href", `#/pools/${id}`);
	at("to-graph").setAttribute("href", `#/graph/${id}`);
	at("export-pool").setAttribute("href", `export?IdentityPoolId=${encoded(id)}&History=true`);
	at("export-pool").textContent = `Export ${name}`;
	at("reset-pool").textContent = `Reset ${name}…`;
	at("export-pool").hidden = at("reset-pool").hidden = !id;
}

async function loadPools() {
	state.pools = (await pages("pools", "IdentityPools", {}, 1_200, NEVER)).found;
	const options = state.pools.map(({ IdentityPoolId: value, IdentityPoolName, AccountId, Region }) =>
		option({ value }, `${IdentityPoolName} (${AccountId}, ${Region})`));
	poolChoice.replaceChildren(...(options[0] ? options : [option({ value: "" }, "No pool")]));
	poolChoice.disabled = !options[0];
	choosePool(poolOf(state.pool) ? state.pool : (state.pools[0]?.IdentityPoolId ?? ""));
}

/** The options of a choice of a provider of the pool.
 * @type {(chosen: string) => Promise<Record<string, string>>} */
async function providerOptions(chosen) {
	/** @type {PoolSettings} */
	const pool = await get(`pools/${encoded(state.pool)}`);
	const names = [
		"",
		pool.DeveloperProviderName ?? "",
		...(pool.CognitoIdentityProviders ?? []).map((provider) => provider.ProviderName),
		...Object.keys(pool.SupportedLoginProviders ?? {}),
		...(pool.OpenIdConnectProviderARNs ?? []).map((arn) => arn.split("oidc-provider/")[1] ?? arn),
		...(pool.SamlProviderARNs ?? []),
		chosen,
	];
	return { ...Object.fromEntries(names.map((name) => [name, name])), "": "Any provider" };
}

// Identities

const list = {
	pool: "",
	isIn: "",
	of: "",
	body: html.tbody(),
	more: div(),
	summarize: () => {},
};

/** @type {(identity: Identity) => HTMLTableRowElement} */
function identityRow({ IdentityId, State, Logins: [first, ...more] }) {
	const title = first ? `${first.Provider} ${first.Subject}` : null;
	const logins = first && [loginText(first), more.length > 0 && ` +${more.length}`];
	return tr({ "data-id": IdentityId },
		td(toIdentity(IdentityId)), td(stateOf(State)), td({ class: "cut", title }, logins));
}

/** Shows the identities of the chosen pool. The rows stay while the filters are the same.
 * @type {(isIn: string, of: string, current: string) => Promise<void>} */
async function showList(isIn, of, current) {
	const isShown = list.body.isConnected && list.pool === state.pool &&
		list.isIn === isIn && list.of === of;
	if (!isShown) await loadList(isIn, of);
	for (const row of list.body.rows) {
		row.ariaCurrent = row.dataset["id"] === current ? "true" : null;
	}
}

/** @type {(isIn: string, of: string) => Promise<void>} */
async function loadList(isIn, of) {
	const { pool } = state;
	const providers = await providerOptions(of);
	const body = html.tbody();
	const count = span({ class: "soft" });
	const nothing = quiet(isIn || of ? "No identity passes the filter." : "No identity yet.");
	const summarize = () => {
		count.textContent = `${number(body.rows.length)}${list.more.hidden ? "" : " shown"}`;
		nothing.hidden = body.rows.length > 0;
	};
	const path = `pools/${encoded(pool)}/identities`;
	const filters = { State: isIn, Provider: of };
	const { signal } = state.view;
	const { more } = await paged(path, "Identities", filters, body, identityRow, NEVER, summarize);
	signal.throwIfAborted();
	Object.assign(list, { pool, isIn, of, body, more, summarize });
	summarize();
	const filter = (/** @type {Record<string, string>} */ changed) => {
		const given = Object.entries({ ...filters, ...changed }).filter(([, value]) => value);
		location.hash = `#/pools/${pool}${given[0] ? `?${new URLSearchParams(given)}` : ""}`;
	};
	swap(sidebar, { "aria-label": "Identities" },
		h2("Identities ", count),
		div({ class: "row filters" },
			choice("State", isIn, { "": "Any state", ...STATES }, "in-state", (State) => filter({ State })),
			choice("Provider", of, providers, "of-provider", (Provider) => filter({ Provider }))),
		table([["Identity", "w-id"], ["State", "w-state"], ["Logins"]], body, { id: "identities" }),
		nothing,
		p(more));
}

/** Brings the rows of changed identities up to date, and adds new ones to a complete list.
 * @type {(events: ChangeEvent[]) => Promise<void>} */
async function refreshList(events) {
	const { pool, isIn, of, body, summarize } = list;
	const ours = events.filter((event) => event.IdentityPoolId === pool);
	for (const id of new Set(ours.map((event) => event.IdentityId ?? ""))) {
		const row = body.querySelector(`[data-id="${id}"]`);
		if (!id || (!row && !list.more.hidden)) continue;
		/** @type {Identity | null} */
		const now = await get(`identities/${id}`, {}, NEVER).catch(gone);
		if (now && row) swap(row, ...identityRow(now).childNodes);
		else if (row) row.remove();
		else if (now && (!isIn || now.State === isIn) &&
			(!of || now.Logins.some((login) => login.Provider === of))) body.append(identityRow(now));
	}
	summarize();
}

// Changes

/** @type {(event: ChangeEvent) => [string, Change][]} */
const changesOf = (event) =>
	event.Changes.flatMap((change) =>
		typeof change === "string" ? [[change, {}]] : Object.entries(change));
/** The other identities of an event.
 * @type {(event: ChangeEvent) => string[]} */
const partners = (event) =>
	changesOf(event).flatMap(([, { From, To }]) => [identityOf(From), identityOf(To)]).filter(Boolean);
/** @type {(by: ChangeEvent["By"]) => string} */
const actor = (by) =>
	typeof by === "object" ? by.Account : by === "Anyone" ? "anyone" : "an administrator";

/** What changed, as the text of the event tells it.
 * @type {(event: ChangeEvent) => string} */
const whatOf = ({ Text }) => /^\S+ {2}\S+ {2}(.*) {2}by /s.exec(Text)?.[1] ?? Text;

const REVERSIBLE = ["TookOver", "GaveUp", "Linked", "Unlinked", "Disabled"];

/** Previews of undos that are open, by their events.
 * @type {Map<string, HTMLElement>} */
const previews = new Map();

/** @type {(event: ChangeEvent, isOfPool: boolean) => HTMLElement} */
function eventItem(event, isOfPool) {
	const { EventId: id = "", IdentityId, RequestId, Undid, UndoneBy } = event;
	const item = li(
		time(event.Date), " ",
		isOfPool && IdentityId && [toIdentity(IdentityId), " "],
		linked(whatOf(event)), html.br(),
		span({ class: "by" }, `by ${actor(event.By)}, ${event.Operation}`,
			RequestId && [", ", a({ href: `#/requests/${encoded(RequestId)}` }, "call")],
			Undid && [", undid ", linked(Undid)],
			UndoneBy && [", undone by ", linked(UndoneBy)]));
	const isReversible = changesOf(event).some(([kind]) => REVERSIBLE.includes(kind));
	if (isOfPool || !isReversible || UndoneBy || !id) return item;
	const place = previews.get(id) ?? div();
	const opener = button("", () => {
		if (!previews.delete(id)) previews.set(id, place);
		swap(place);
		tell();
		return previews.has(id) && previewUndo(event, place);
	}, { class: "plain", "data-key": `undo ${id}` });
	const tell = () => {
		opener.textContent = previews.has(id) ? "Close the preview" : "What would undo do?";
		opener.ariaExpanded = String(previews.has(id));
	};
	tell();
	if (previews.has(id)) void previewUndo(event, place);
	item.append(opener, place);
	return item;
}

/** @type {(event: ChangeEvent, place: HTMLElement) => Promise<void>} */
async function previewUndo(event, place) {
	const EventId = event.EventId ?? "";
	const refuse = (/** @type {string} */ reason) =>
		swap(place,
			div({ class: "box refused", role: "status" }, "Undo is not possible. ", linked(reason)));
	try {
		/** @type {Preview} */
		const { Explanation } = await post("undo", { EventId, Preview: true });
		const { Answered, Refused } = Explanation.Verdict;
		if (Refused) return refuse(Refused.Refusal.Message);
		const changes = () => ul({ class: "changes" }, Answered?.Changes.map(effectItem));
		const content = () => [p(linked(whatOf(event))), changes()];
		const undo = () => ask("Undo this change?", content(), "Undo", async () => {
			await post("undo", { EventId });
			previews.delete(EventId);
			void open();
			return "The change is undone.";
		});
		swap(place, div({ class: "box", role: "status" }, "Undo would make these changes:", changes(),
			button("Undo…", undo, { class: "main" })));
	} catch (error) {
		refuse(told(error));
	}
}

/** @type {(change: Record<string, Effect>) => HTMLElement} */
function effectItem(change) {
	const { Before, After } = Object.values(change)[0] ?? {};
	if (!Before || !After) return li(Object.keys(change));
	const lacking = (/** @type {Identity} */ other) => (/** @type {Login} */ login) =>
		!other.Logins.some((its) => keyOf(its) === keyOf(login));
	return li(
		toIdentity(Before.IdentityId), " ", stateOf(Before.State),
		Before.State !== After.State && [" → ", stateOf(After.State)],
		After.Logins.filter(lacking(Before)).map((login) => [", gets ", loginText(login)]),
		Before.Logins.filter(lacking(After)).map((login) => [", loses ", loginText(login)]));
}

/** @type {Page["eventsOf"]} */
async function eventsOf(path, isOfPool) {
	const items = html.ol({ class: "events" });
	const row = (/** @type {ChangeEvent} */ event) => eventItem(event, isOfPool);
	const page = await paged(path, "Events", {}, items, row);
	const isKept = state.health.JournalDays !== null;
	const nothing = quiet(isKept ? "No change is known." : "This server keeps no history.");
	return { ...page, items: page.found[0] ? div(items, p(page.more)) : nothing };
}

// One identity

/** What an identity is and how it came to be, in a few sentences.
 * @type {Page["sentence"]} */
function sentence(identity, events, isWhole) {
	const standing = events.filter((event) => !event.UndoneBy);
	const of = (/** @type {string[]} */ ...kinds) => standing.flatMap((event) =>
		changesOf(event).flatMap(([kind, change]) =>
			kinds.includes(kind) ? [{ event, kind, change }] : []));
	/** @type {Child} */
	let now = "A guest: it has no login. ";
	const { State, Logins } = identity;
	if (State === "AUTHENTICATED") now = `Authenticated by ${counted(Logins.length, "login")}. `;
	if (State === "DISABLED") {
		const [end] = of("GaveUp", "Unlinked", "Disabled");
		if (!end) now = "Disabled. ";
		else if (end.kind === "GaveUp") {
			const into = toIdentity(identityOf(end.change.To));
			now = ["Disabled: merged into ", into, when(end.event.Date), ". "];
		} else {
			now = [`Disabled by ${actor(end.event.By)}`, when(end.event.Date), ". "];
		}
	}
	const merges = of("TookOver").slice(0, 3).map(({ event, change }) =>
		[`Took over the ${change.Links?.[0] ? "logins of" : "guest"} `,
			toIdentity(identityOf(change.From)), when(event.Date), ". "]);
	const first = isWhole ? events.at(-1) : undefined;
	const isImported = first && changesOf(first).some(([kind]) => kind === "Imported");
	const by = first && ` by ${actor(first.By)}`;
	const date = isImported ? first.Date : identity.CreationDate;
	return [now, merges, isImported ? "Imported" : "Created", by, when(date), "."];
}

/** When a login was linked, as far as the events tell.
 * @type {(login: Login, events: ChangeEvent[]) => Child} */
function since(login, events) {
	const gains = ["Created", "Linked", "TookOver", "Restored", "Imported"];
	const gained = events.find((event) => changesOf(event).some(([kind, { Links }]) =>
		gains.includes(kind) && Links?.some((link) => keyOf(link.Login) === keyOf(login))));
	return gained ? time(gained.Date) : "–";
}

/** @type {View} */
async function showIdentity({ id }) {
	const path = `identities/${encoded(id)}`;
	/** @type {Identity} */
	const identity = await get(path);
	choosePool(identity.IdentityPoolId);
	layOut("list");
	const history = await eventsOf(`${path}/history`, false);
	const graph = await graphAround(identity, history.found);
	const logins = identity.Logins.map((login) =>
		tr(td(login.Provider), td(mono(login.Subject)), td(since(login, history.found))));
	show(
		mono(identity.IdentityId), copyButton(identity.IdentityId),
		lead(sentence(identity, history.found, !history.next)),
		div({ class: "split" },
			div(
				h2("Logins"),
				logins[0]
					? table([["Provider", "w-name"], ["Subject"], ["Since", "w-time"]], logins)
					: quiet("None."),
				h2("History"),
				history.items),
			div(h2("Logins and merges"), graph)));
	const isFiltered = list.pool === state.pool;
	await showList(isFiltered ? list.isIn : "", isFiltered ? list.of : "", identity.IdentityId);
	const near = new Set([identity.IdentityId, ...history.found.flatMap(partners)]);
	state.onEvents = (events) => {
		void refreshList(events).catch(fail);
		if (events.some((event) => near.has(event.IdentityId ?? ""))) void open();
	};
}

// A pool

/** @type {View} */
async function showPool({ id, query }) {
	if (!id && state.pool) return location.replace(`#/pools/${state.pool}`);
	if (!id) return showNoPool();
	choosePool(id);
	layOut("list", "list");
	await showList(query.get("State") ?? "", query.get("Provider") ?? "", "");
	const path = `pools/${encoded(id)}`;
	const overview = async () => {
		/** @type {[Pool & PoolSettings, any, { items: HTMLElement }]} */
		const [pool, counts, activity] = await Promise.all([
			get(path), get(`${path}/counts`), eventsOf(`${path}/activity`, true)]);
		const { Authenticated, Unauthenticated, Disabled } = counts;
		const roles = Object.entries(pool.Roles).map(([name, arn]) => div(`${name}: `, mono(arn)));
		const providers = Object.entries(counts.Logins).map(([name, count]) =>
			tr(td(name), td({ class: "right" }, number(count))));
		show(
			pool.IdentityPoolName,
			lead(`${identities(Authenticated + Unauthenticated + Disabled)}: `,
				`${number(Authenticated)} authenticated, ${counted(Unauthenticated, "guest")}, `,
				`${number(Disabled)} disabled.`),
			terms({
				Pool: [mono(pool.IdentityPoolId), " ", copyButton(pool.IdentityPoolId)],
				Account: `${pool.AccountId}, ${pool.Region}`,
				Created: time(pool.CreationDate),
				Guests: pool.AllowUnauthenticatedIdentities ? "allowed" : "not allowed",
				Roles: roles[0] ? roles : "none",
			}),
			div({ class: "split" },
				div(h2("Latest changes"), activity.items),
				div(h2("Logins"), providers[0]
					? table([["Provider"], ["Logins", "w-took right"]], providers)
					: quiet("None."))));
	};
	await overview();
	const later = debounced(overview, 800);
	state.onEvents = (events) => {
		void refreshList(events).catch(fail);
		if (events.some((event) => event.IdentityPoolId === id)) later();
	};
}

/** @type {(run: () => Promise<void>, millis: number) => () => void} */
function debounced(run, millis) {
	let timer = 0;
	return () => {
		timer ||= setTimeout(() => {
			timer = 0;
			void run().catch(fail);
		}, millis);
	};
}

function showNoPool() {
	layOut("wide");
	const command = `aws cognito-identity create-identity-pool --identity-pool-name game \\
	--allow-unauthenticated-identities --endpoint-url ${location.origin}`;
	show("No pool yet",
		lead("Create a pool with any AWS SDK, or import a file from the menu."),
		div({ class: "box" }, html.pre(command)),
		p(copyButton(command)));
}

// Search

/** @type {(text: string) => void} */
function find(text) {
	state.token = /^ey[\w-]+\.[\w-]+\.[\w-]*$/.test(text) ? text : "";
	const isId = /^[a-z-]+-\d+:[0-9a-f-]{36}$/i.test(text);
	let to = state.token ? "#/find" : `#/find?${new URLSearchParams({ Subject: text })}`;
	if (isId) to = `#/${poolOf(text) ? "pools" : "identities"}/${text}`;
	if (location.hash === to) void open();
	else location.hash = to;
}

/** @type {View} */
async function showFound({ query }) {
	layOut("wide");
	const subject = query.get("Subject");
	if (subject === null) return showToken(state.token);
	const pool = query.get("IdentityPoolId") ?? state.pool;
	if (!pool) return showNoPool();
	choosePool(pool);
	const of = query.get("Provider") ?? "";
	const body = html.tbody();
	const row = (/** @type {{ Login: Login, IdentityId: string }} */ { Login, IdentityId }) =>
		tr(td(mono(Login.Subject)), td(Login.Provider), td(toIdentity(IdentityId)));
	const options = await providerOptions(of);
	const filters = { SubjectPrefix: subject, Provider: of };
	const page = await paged(`pools/${encoded(pool)}/logins`, "Logins", filters, body, row);
	const choose = (/** @type {string} */ Provider) => {
		const given = { Subject: subject, ...(Provider && { Provider }) };
		location.hash = `#/find?${new URLSearchParams(given)}`;
	};
	show(
		["Logins whose subject begins with ", mono(subject)],
		div({ class: "row filters" }, choice("Provider", of, options, "find-provider", choose)),
		page.found[0]
			? table([["Subject"], ["Provider"], ["Identity", "w-id"]], body)
			: p(`This pool has no such login${of ? " of this provider" : ""}.`),
		p(page.more));
}

/** The claims of a token, unverified.
 * @type {(token: string) => Record<string, unknown>} */
function claimsOf(token) {
	try {
		const part = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
		const bytes = Uint8Array.from(atob(part), (character) => character.charCodeAt(0));
		return Object(JSON.parse(new TextDecoder().decode(bytes)));
	} catch {
		return {};
	}
}

/** @type {(token: string) => Promise<void>} */
async function showToken(token) {
	if (!token) {
		return show("Find", p({ class: "told" },
			"Enter an identity id, the beginning of a subject, or a token. No address has a token."));
	}
	const { signal } = state.view;
	const claims = claimsOf(token);
	const { Valid: isValid, Reason } = await post("token", { Token: token });
	const Provider = String(claims["iss"] ?? "").replace(/^https?:\/\/|\/$/g, "");
	const login = { IdentityPoolId: state.pool, Provider, Subject: String(claims["sub"] ?? "") };
	/** @type {Identity | null} */
	const identity = await post("find", isValid ? { Token: token } : login).catch(gone);
	signal.throwIfAborted();
	/** @type {(claim: [string, unknown]) => [string, Child]} */
	const shown = ([name, value]) => {
		const isDate = ["exp", "iat", "nbf", "auth_time"].includes(name);
		if (isDate && typeof value === "number") return [name, time(value)];
		return [name, linked(typeof value === "string" ? value : JSON.stringify(value))];
	};
	const all = Object.entries(claims).map(shown);
	show("Token",
		lead(isValid
			? "A valid token of this server."
			: ["Not a valid token of this server. ", linked(Reason)]),
		identity && p(isValid ? "Its identity: " : "Its user has an identity in this pool: ",
			toIdentity(identity.IdentityId, identity.IdentityId), " ", stateOf(identity.State)),
		h2(isValid ? "Claims" : "Claims, not verified"),
		all[0] ? terms(all) : quiet("It has none that can be read."));
}

// Graphs

/** The columns of a graph, and the heights of its rows and boxes. */
const [left, right, end, width, row, box] = [186, 218, 314, 332, 46, 36];
const GRAPH_MAX = 500;
const LEGEND = "Solid: the identity has the login. Dashed: it had the login once. Arrow: a merge.";

/** Logins with the identities that have them or had them once, in groups that share nothing.
 * @type {(found: Identity[], events: ChangeEvent[]) => Net} */
function netOf(found, events) {
	/** @type {Map<string, LoginNode>} */
	const logins = new Map();
	const states = new Map(found.map(({ IdentityId, State }) => [IdentityId, State]));
	/** @type {Map<string, string>} */
	const merges = new Map();
	const node = (/** @type {Login} */ login) => {
		const known = logins.get(keyOf(login)) ?? { login, now: new Set(), once: new Set() };
		logins.set(keyOf(login), known);
		return known;
	};
	for (const { IdentityId, Logins } of found) {
		for (const login of Logins) node(login).now.add(IdentityId);
	}
	for (const event of events) {
		const id = event.IdentityId ?? "";
		for (const [kind, { Links = [], From, To }] of changesOf(event)) {
			let loser = ["GaveUp", "GaveBack", "Unlinked"].includes(kind) ? id : "";
			if (kind === "TookOver") loser = identityOf(From);
			if (!states.has(loser)) continue;
			for (const { Login } of Links) if (!node(Login).now.has(loser)) node(Login).once.add(loser);
			const to = kind === "TookOver" ? id : kind === "GaveUp" ? identityOf(To) : "";
			if (states.has(to) && !event.UndoneBy) merges.set(loser, to);
		}
	}
	return { states, merges, clusters: clustersOf(found, [...logins.values()], merges) };
}

/** Walks from each identity over its logins and merges, so that what is connected is near.
 * @type {Page["clustersOf"]} */
function clustersOf(found, logins, merges) {
	/** @type {Map<GraphNode, GraphNode[]>} */
	const near = new Map();
	/** @type {(one: GraphNode, other: GraphNode) => void} */
	const tie = (one, other) => {
		near.set(one, [...(near.get(one) ?? []), other]);
		near.set(other, [...(near.get(other) ?? []), one]);
	};
	const sorted = logins.sort((one, other) =>
		one.now.size + one.once.size - other.now.size - other.once.size ||
		(keyOf(one.login) < keyOf(other.login) ? -1 : 1));
	for (const login of sorted) for (const id of [...login.now, ...login.once]) tie(login, id);
	for (const [from, to] of merges) tie(from, to);
	const seen = new Set();
	const byLogins = [...found].sort((one, other) => other.Logins.length - one.Logins.length);
	const clusters = byLogins.map(({ IdentityId }) => {
		/** @type {Cluster} */
		const cluster = { logins: [], ids: [] };
		const visit = (/** @type {GraphNode} */ node) => {
			if (seen.has(node)) return;
			seen.add(node);
			if (typeof node === "string") cluster.ids.push(node);
			else cluster.logins.push(node);
			near.get(node)?.forEach(visit);
		};
		visit(IdentityId);
		return cluster;
	});
	return clusters.filter(({ ids }) => ids[0]).sort((one, other) =>
		other.ids.length - one.ids.length || other.logins.length - one.logins.length);
}

/** @type {(cluster: Cluster, net: Net, shown: string) => Element} */
function drawing({ logins, ids }, { states, merges }, shown) {
	const loginY = (/** @type {LoginNode} */ login) => logins.indexOf(login) * row;
	/** @type {Map<string, number>} */
	const idY = new Map();
	let free = 0;
	for (const id of ids) {
		const own = logins.filter((login) => login.now.has(id));
		const near = own[0] ? own : logins.filter((login) => login.once.has(id));
		const middle = near.reduce((sum, login) => sum + loginY(login), 0) / (near.length || 1);
		const y = Math.max(free, middle);
		idY.set(id, y);
		free = y + row;
	}
	const yOf = (/** @type {string | undefined} */ id) => (idY.get(id ?? "") ?? 0) + box / 2;
	const edges = logins.flatMap((login) => [...login.now, ...login.once].map((id) => {
		const [from, to] = [loginY(login) + box / 2, yOf(id)];
		const d = `M${left} ${from}C${left + 20} ${from} ${right - 20} ${to} ${right} ${to}`;
		return svg("path", { d, class: login.now.has(id) ? "now" : "once" });
	}));
	const arcs = ids.filter((id) => idY.has(merges.get(id) ?? "")).map((id) => {
		const [from, to, x] = [yOf(id), yOf(merges.get(id)) + 7, width - 2];
		const d = `M${end} ${from}C${x} ${from} ${x} ${to} ${end + 2} ${to}m6 -4l-6 4l5 5`;
		const title = svg("title", `${id} is merged into ${merges.get(id)}`);
		return svg("path", { d, class: "merge" }, title);
	});
	/** @type {(x: number, y: number, width: number, ...lines: [string, string][]) => Child} */
	const card = (x, y, width, ...lines) => [
		svg("rect", { x, y: y + 1, width, height: box, rx: 7 }),
		lines.map(([text, kind], line) =>
			svg("text", { x: x + 9, y: y + 15 + 15 * line, class: kind }, text))];
	const boxes = logins.map(({ login: { Provider, Subject }, now }, place) =>
		svg("g", { class: now.size > 0 ? "" : "past" }, svg("title", `${Provider} ${Subject}`),
			card(1, place * row, left - 1, [cut(Provider, 30), "quiet"], [cut(Subject, 24), ""])));
	const names = ids.map((id) => svg("a",
		{ href: `#/identities/${id}`, class: id === shown ? "shown" : "", "data-key": `node ${id}` },
		svg("title", id),
		card(right, idY.get(id) ?? 0, end - right,
			[short(id), ""], [STATES[states.get(id) ?? ""] ?? "", "quiet"])));
	const height = Math.max(free, logins.length * row) - row + box + 2;
	const name = `${counted(logins.length, "login")}, ${identities(ids.length)}`;
	const viewBox = `0 0 ${width} ${height}`;
	return svg("svg", { viewBox, role: "group", "aria-label": name }, edges, arcs, boxes, names);
}

/** @type {(cluster: Cluster) => boolean} */
const isDrawn = ({ logins, ids }) => logins.length > 0 || ids.length > 1;

/** @type {(net: Net, shown: string) => Child} */
function graphOf(net, shown) {
	const drawn = net.clusters.filter(isDrawn).map((cluster) => li(drawing(cluster, net, shown)));
	const alone = net.clusters.filter((cluster) => !isDrawn(cluster)).flatMap(({ ids }) => ids);
	return [
		drawn[0] && ul({ class: "graph" }, drawn),
		alone[0] && !shown && [
			h2(`Without any login: ${number(alone.length)}`),
			ul({ class: "chips" }, alone.map((id) =>
				li(toIdentity(id), " ", stateOf(net.states.get(id) ?? ""))))],
	];
}

/** The logins of an identity, and of those that it was merged with.
 * @type {(identity: Identity, events: ChangeEvent[]) => Promise<Child>} */
async function graphAround(identity, events) {
	const others = new Set(events.flatMap(partners));
	others.delete(identity.IdentityId);
	const read = [...others].slice(0, 40).map((id) => get(`identities/${encoded(id)}`).catch(gone));
	const near = (await Promise.all(read)).filter((other) => other !== null);
	const net = netOf([identity, ...near], events);
	if (!net.clusters.some(isDrawn)) return quiet("It has had no login.");
	return [graphOf(net, identity.IdentityId), p({ class: "legend" }, LEGEND)];
}

/** @type {View} */
async function showGraph(route) {
	const id = route.id || state.pool;
	if (!id) return showNoPool();
	layOut("wide");
	const pool = poolOf(id);
	if (!pool) {
		const path = `identities/${encoded(id)}`;
		/** @type {Identity} */
		const identity = await get(path);
		choosePool(identity.IdentityPoolId);
		const { found } = await pages(`${path}/history`, "Events", {}, 600);
		const graph = await graphAround(identity, found);
		return show(["Logins and merges of ", toIdentity(id, id)], graph);
	}
	choosePool(id);
	const path = `pools/${encoded(id)}`;
	const [found, activity] = await Promise.all([
		pages(`${path}/identities`, "Identities", {}, GRAPH_MAX + 1),
		pages(`${path}/activity`, "Events", {}, 1_200),
	]);
	const shown = found.found.slice(0, GRAPH_MAX);
	const count = found.found.length > shown.length ? "The first " : "";
	const earlier = activity.next && " Only the latest 1,200 changes are told.";
	show(`Logins and merges of ${pool.IdentityPoolName}`,
		p({ class: "legend" }, `${count}${identities(shown.length)}, the most connected first. ${LEGEND}${earlier}`),
		graphOf(netOf(shown, activity.found), ""));
	const later = debounced(open, 2_000);
	state.onEvents = (events) => {
		if (events.some((event) => event.IdentityPoolId === id)) later();
	};
}

// Calls of the service

const CALLS = 100;
const log = {
	/** @type {ServiceCall[]} */ calls: [],
	next: 0,
	shown: CALLS,
	isPaused: false,
	onlyRefused: false,
};

/** Reads new calls. Returns whether there are any.
 * @type {() => Promise<boolean>} */
async function readCalls() {
	let told = await get("requests", { After: log.next, MaxResults: 1_000 });
	if (told.Gap) {
		log.calls = [];
		told = await get("requests", { MaxResults: 1_000 });
	}
	log.next = told.Next;
	log.calls = [...told.Requests, ...log.calls].slice(0, 1_000);
	return told.Requests.length > 0;
}

/** @type {(current: string) => void} */
function showCalls(current) {
	const again = () => showCalls(current);
	const calls = log.calls.filter((call) => !log.onlyRefused || call.Exception);
	const only = input({ type: "checkbox", id: "only-refused" });
	only.checked = log.onlyRefused;
	only.addEventListener("change", () => {
		log.onlyRefused = only.checked;
		again();
	});
	const pause = button(log.isPaused ? "Go on" : "Pause", () => {
		log.isPaused = !log.isPaused;
		again();
	}, { "data-key": "pause" });
	const more = button("Show more", () => {
		log.shown += CALLS;
		again();
	});
	const rows = calls.slice(0, log.shown).map(({ RequestId: id, ...call }) => {
		const link = id && { href: `#/requests/${encoded(id)}`, "data-key": `call ${id}` };
		const name = link ? a(link, call.Operation) : call.Operation;
		const why = call.Exception &&
			span({ class: "why" }, span({ class: "bad" }, call.Exception), ` ${call.Message}`);
		return tr({ "aria-current": id === current && "true" },
			td(time(call.Date)),
			td(name, why),
			td({ class: "caller" }, call.Caller),
			td({ class: call.Exception ? "bad" : "good" }, String(call.Status)),
			td({ class: "right" }, took(call.DurationMicros)));
	});
	swap(sidebar, { "aria-label": "Requests" },
		div({ class: "row apart" },
			h2("Requests ", span({ class: "soft" }, number(calls.length))),
			div({ class: "row" }, label({ class: "check" }, only, "Only refused"), pause)),
		rows[0]
			? table([["Time", "w-clock"], ["Operation"], ["Caller", "caller"],
				["Answer", "w-answer"], ["Took", "w-took right"]], rows, { id: "calls" })
			: quiet(log.calls[0] ? "No call was refused." : "No call yet."),
		calls.length > log.shown && p(more));
}

/** @type {View} */
async function showRequests({ id }) {
	if (state.health.RequestLog === false) {
		layOut("wide");
		return show("Requests", lead("This server keeps no request log."));
	}
	layOut("requests", id ? "detail" : "list");
	await readCalls();
	showCalls(id);
	void watchCalls(id);
	if (id) return showCall(id);
	show("Requests",
		lead("The last 1,000 calls of the service appear here, without their tokens."),
		quiet("The header ", html.code("x-cognate-why"), " of a refusal has the address of its reason."));
}

/** @type {(id: string) => Promise<void>} */
async function watchCalls(id) {
	const { signal } = state.view;
	for (;;) {
		await sleep(1_000);
		if (signal.aborted) return;
		// The status tells a failure, and the next round tries again.
		const isNew = !document.hidden && !log.isPaused && (await readCalls().catch(() => false));
		if (isNew && !signal.aborted) showCalls(id);
	}
}

/** The lines of an explanation but the first, as names with values.
 * @type {(text: string) => [string, Child][]} */
const explained = (text) =>
	text.split("\n").slice(1).map((line) => {
		const [, name = "", value = line] = /^ +(\S+) +(.*)$/.exec(line) ?? [];
		return [name, linked(value)];
	});

/** @type {(id: string) => Promise<void>} */
async function showCall(id) {
	/** @type {ServiceCall} */
	const call = await get(`requests/${encoded(id)}`);
	const reasons = explained(call.ExplanationText ?? "");
	const logins = call.Logins.map(({ Provider, Subject, Issuer, Audience, Expiry }) =>
		tr(td(Provider), td(Subject ? mono(Subject) : "–"),
			td(Issuer && div(Issuer), Audience && div(`for ${Audience}`),
				Expiry !== undefined && div("until ", time(Expiry)))));
	show(call.Operation,
		call.Exception
			? div({ class: "box refused" },
				p(html.strong(call.Exception), html.br(), linked(call.Message ?? "")),
				reasons[0] ? terms(reasons) : quiet("There is no explanation beyond this message."))
			: lead("Answered."),
		terms({
			Time: [time(call.Date), `, took ${took(call.DurationMicros)}`],
			Caller: [call.Caller, call.Region && `, ${call.Region}`],
			Answer: String(call.Status),
			"Request id": mono(id),
		}),
		logins[0] && [h2("Logins presented"), table([["Provider"], ["Subject"], ["Token, unverified"]], logins)],
		h2("Request"),
		call.Body
			? [
				div({ class: "box" }, html.pre(JSON.stringify(call.Body, null, 2))),
				p({ class: "row" },
					button("Copy as curl", () => copy(asCurl(call))),
					button("Copy as testkit script", () => copy(asScript(call)))),
				logins[0] && quiet("Tokens are not kept. Put your own in place of <token of …>."),
			]
			: quiet("Its body was too long to keep, or is not JSON."));
}

/** @type {(call: ServiceCall) => string} */
function asCurl(call) {
	const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`;
	const scope = `${call.Caller}/20260101/${call.Region}/cognito-identity/aws4_request`;
	const headers = ["content-type: application/x-amz-json-1.1", `x-amz-target: ${call.Target}`];
	if (call.Caller !== "anyone") {
		headers.push(`authorization: AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=00`);
	}
	const parts = headers.map((header) => `-H ${quoted(header)}`);
	parts.push(`--data-raw ${quoted(JSON.stringify(call.Body))}`);
	return [`curl -sS ${quoted(`${location.origin}/`)}`, ...parts].join(" \\\n  ");
}

/** A line that scripts of the testkit have.
 * @type {(call: ServiceCall) => string} */
const asScript = ({ Caller, Region, Operation, Body }) =>
	`${Caller === "anyone" ? "public" : `account0/${Region}`} ${Operation} ${JSON.stringify(Body)}\n`;

// Menu

function askImport() {
	const file = input({ type: "file", id: "file" });
	const pool = poolOf(state.pool);
	const seed = pool && { [state.pool]: `A seed: add its identities to ${cut(pool.IdentityPoolName, 30)}` };
	const targets = { "": "An export: create the pools of the file", ...seed };
	let IdentityPoolId = "";
	const target = choice("Target", "", targets, "target", (value) => void (IdentityPoolId = value));
	const content = [p(label({ for: "file" }, "A file of lines, as an export has them")), file, p(target)];
	ask("Import a file", content, "Import", async () => {
		const chosen = file.files?.[0];
		if (!chosen) throw new Error("Choose a file first.");
		const done = await post("import", chosen, { IdentityPoolId }).catch((error) => {
			throw error.status ? new Error(`Nothing was imported: ${error.message}`) : error;
		});
		await reload();
		const pools = counted(done.IdentityPoolIds.length, "pool");
		return `Imported ${pools}, ${identities(done.Identities)} and ${counted(done.Events, "event")}.`;
	});
}

/** @type {(id: string) => void} */
function askReset(id) {
	const pool = poolOf(id);
	const title = `Reset ${pool ? pool.IdentityPoolName : counted(state.pools.length, "pool")}?`;
	const text = "This deletes all identities and their history. It cannot be undone.";
	ask(title, p(text), "Reset", async () => {
		const { DeletedIdentityPoolIds } = await post("reset", id ? { IdentityPoolId: id } : {});
		await reload();
		return `Deleted ${counted(DeletedIdentityPoolIds.length, "pool")}.`;
	}, "danger");
}

/** Follows a link to an export with the token, which the link itself cannot have.
 * @type {(event: Event) => Promise<void>} */
async function download(event) {
	const link = /** @type {HTMLAnchorElement} */ (event.currentTarget);
	if (!sessionStorage.getItem(TOKEN)) return;
	event.preventDefault();
	try {
		const { pathname, searchParams } = new URL(link.href);
		const query = Object.fromEntries(searchParams);
		const response = await send("GET", pathname, query, undefined, NEVER, 600_000);
		const href = URL.createObjectURL(await response.blob());
		a({ href, download: link.download }).click();
		setTimeout(() => URL.revokeObjectURL(href), 60_000);
	} catch (error) {
		notice(told(error));
	}
}

// Views

/** @type {Record<string, View>} */
const VIEWS = {
	"": showPool,
	pools: showPool,
	identities: showIdentity,
	graph: showGraph,
	requests: showRequests,
	find: showFound,
};

/** @type {() => Route} */
function routed() {
	const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
	const [name = "", ...rest] = path.split("/");
	let id = rest.join("/");
	try {
		id = decodeURIComponent(id);
	} catch {
		// The id is shown as it stands, as one that is not known.
	}
	return { name, id, query: new URLSearchParams(query) };
}

/** Shows the view that the address names. */
async function open() {
	state.view.abort();
	state.view = new AbortController();
	state.onEvents = null;
	const route = routed();
	const tab = ["", "pools"].includes(route.name) ? "identities" : route.name;
	for (const name of ["identities", "graph", "requests"]) {
		at(`to-${name}`).ariaCurrent = tab === name ? "page" : null;
	}
	try {
		const view = Object.hasOwn(VIEWS, route.name) && VIEWS[route.name];
		if (!view) throw new Refused(404, "There is no view at this address.");
		await view(route);
	} catch (error) {
		fail(error);
	}
}

/** @type {(error: unknown) => void} */
function fail(error) {
	if (isAborted(error)) return;
	const isShown = detail.querySelector("h1")?.getAttribute("data-of") === location.hash;
	// What is shown stays while the server is away. The status tells that it is.
	const status = error instanceof Refused ? error.status : -1;
	if (status === 0 && isShown) return;
	layOut("wide");
	const title = status === 404 ? "Not found" : "This cannot be shown";
	show(title, lead(linked(told(error))));
}

async function reload() {
	await loadPools();
	list.pool = "";
	const { name, id } = routed();
	if (name === "pools" && id && !poolOf(id)) location.hash = "#/";
	else await open();
}

// Live

/** @type {(millis: number) => Promise<void>} */
const sleep = (millis) => new Promise((resolve) => setTimeout(resolve, millis));

/** @type {(name: "live" | "lost" | "locked") => void} */
function setStatus(name) {
	if (status.dataset["state"] === name) return;
	const texts = { live: "Live", lost: "Not connected, trying again", locked: "Token needed" };
	status.dataset["state"] = name;
	status.textContent = texts[name];
}

/** Waits for events for ever. A hidden page does not wait: it would keep a connection. */
async function live() {
	let [cursor, poll] = ["", new AbortController()];
	document.addEventListener("visibilitychange", () => document.hidden && poll.abort());
	for (;;) {
		while (document.hidden) await sleep(200);
		poll = new AbortController();
		const begun = performance.now();
		try {
			const query = cursor ? { After: cursor, Wait: 25 } : {};
			const { Events, Cursor, Gap } = await get("events", query, poll.signal);
			const wasLost = status.dataset["state"] === "lost";
			setStatus("live");
			if (!cursor || Gap || wasLost) await begin();
			else if (Events.some((/** @type {ChangeEvent} */ event) => !event.IdentityId)) await reload();
			else if (Events[0]) state.onEvents?.(Events);
			// A server with too many polls answers at once.
			if (cursor && performance.now() - begun < 200) await sleep(Events[0] ? 250 : 1_000);
			cursor = Cursor;
		} catch (error) {
			if (isAborted(error)) continue;
			setStatus("lost");
			if (!cursor) fail(error);
			await sleep(1_000);
		}
	}
}

async function begin() {
	state.health = await get("health", {}, NEVER);
	const days = state.health.JournalDays;
	const history = days === null ? "No history is kept" : `History: ${counted(days ?? 0, "day")}`;
	at("about").textContent = `cognate ${state.health.Version}. ${history}.`;
	await reload();
}

poolChoice.addEventListener("change", () => {
	location.hash = `#/${routed().name === "graph" ? "graph" : "pools"}/${poolChoice.value}`;
});
at("find").addEventListener("submit", (event) => {
	event.preventDefault();
	const field = /** @type {HTMLInputElement} */ (at("text"));
	const text = field.value.trim();
	field.value = "";
	field.blur();
	if (text) find(text);
});
at("skip").onclick = (event) => {
	event.preventDefault();
	detail.focus();
};
at("import").onclick = askImport;
at("reset-pool").onclick = () => askReset(state.pool);
at("reset-all").onclick = () => askReset("");
at("menu").onclick = () => at("menu").hidePopover();
at("export-pool").onclick = at("export-all").onclick = download;
addEventListener("hashchange", () => {
	state.hasNavigated = true;
	void open();
});
addEventListener("keydown", (event) => {
	const link = event.target;
	if (!(link instanceof HTMLAnchorElement)) return;
	const links = [...(link.closest("tbody")?.rows ?? [])].map((row) => row.querySelector("a"));
	const place = links.indexOf(link);
	const to = { ArrowDown: place + 1, ArrowUp: place - 1, Home: 0, End: links.length - 1 }[event.key];
	const target = to === undefined ? null : links[to];
	if (!target) return;
	event.preventDefault();
	target.focus();
});
void live();
