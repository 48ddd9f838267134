// The views of a pool, of identities and of calls.

import { execFileSync } from "node:child_process";

import { check, comes, same } from "./check.mjs";
import { ACCOUNT, PROVIDER } from "./scene.mjs";

const short = (id) => id.split(":")[1].slice(0, 8);
export const heading = (page) => page.locator("h1");
export const text = (page) => page.locator("#detail").innerText();

export async function reading(scene, people) {
  const page = await scene.open();
  await heading(page).filter({ hasText: "game" }).waitFor();
  same("the first pool has an address", new URL(page.url()).hash, `#/pools/${people.pool}`);
  check("the pool is told", (await text(page)).includes("5 identities: 3 authenticated, 1 guest, 1 disabled."), await text(page));
  const rows = page.locator("#identities tbody tr");
  same("all identities are listed", await rows.count(), 5);
  await comes("the page is live", async () => (await page.locator("#status").innerText()) === "Live");

  await people.register("dave");
  await comes("a new identity appears", async () => (await rows.count()) === 6);
  await comes("its event appears", async () => (await text(page)).includes("created with login.game dave"));

  await page.getByLabel("State").selectOption("DISABLED");
  await comes("a filter narrows the list", async () => (await rows.count()) === 1);
  check("the filter has an address", page.url().includes("State=DISABLED"), page.url());
  await page.goBack();
  await comes("going back widens it", async () => (await rows.count()) === 6);

  await rows.filter({ hasText: "alice" }).locator("a").click();
  await heading(page).filter({ hasText: people.alice }).waitFor();
  const identity = await scene.open(`#/identities/${people.alice}`);
  for (const tab of [page, identity]) {
    await heading(tab).filter({ hasText: people.alice }).waitFor();
    const told = await text(tab);
    const way = tab === page ? "by a click" : "by its address";
    check(`an identity is told, ${way}`, told.includes("Authenticated by 2 logins. Took over the logins of"), told);
    check(`its logins are shown, ${way}`, /login\.game\s+alice\s+\d\d:\d\d:\d\d/.test(told), told);
    check(`its history is shown, ${way}`, told.includes(`took over login.game bob from ${short(people.bob)}`), told);
    check(`the caller is named, ${way}`, told.includes(`by ${ACCOUNT}, MergeDeveloperIdentities`), told);
  }
  const marked = identity.locator("tr[aria-current=true]");
  await comes("the identity is marked in the list", async () => (await marked.count()) === 1);
  const titles = await identity.locator("#detail time").evaluateAll((times) => times.map((time) => time.title));
  check("times have a title in UTC", titles.every((title) => /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC$/.test(title)), titles);
  same("a login that it had once is dashed", await identity.locator("svg path.once").count(), 1);
  same("a merge is an arrow", await identity.locator("svg path.merge").count(), 1);

  const merged = await scene.open(`#/identities/${people.bob}`);
  await heading(merged).filter({ hasText: people.bob }).waitFor();
  check("a merged identity is told", (await text(merged)).includes(`Disabled: merged into ${short(people.alice)}`), await text(merged));
  const guest = await scene.open(`#/identities/${people.guest}`);
  await heading(guest).filter({ hasText: people.guest }).waitFor();
  check("a guest is told", (await text(guest)).includes("A guest: it has no login. Created by anyone"), await text(guest));
  for (const tab of [page, identity, merged, guest]) await tab.context().close();

  for (const [hash, told] of [
    ["#/nothing", "There is no view at this address."],
    ["#/identities/us-east-1:00000000-0000-4000-8000-000000000000", "not found"],
    ["#/identities/%E0%A4%A", "This cannot be shown"],
    ["#/requests/none", "does not have this request"],
    ["#/graph/nothing", "not valid"],
    ["#/constructor", "There is no view at this address."],
  ]) {
    const lost = await scene.open(hash);
    await comes(`${hash} is told plainly`, async () => (await text(lost)).includes(told));
    await lost.context().close();
  }
}

export async function requests(scene, people) {
  const page = await scene.open("#/requests");
  await heading(page).filter({ hasText: "Requests" }).waitFor();
  const rows = page.locator("#calls tbody tr");
  const before = await rows.count();
  check("earlier calls are listed", before >= 7, before);
  const input = { IdentityPoolId: people.pool, IdentityId: people.alice, Logins: { [PROVIDER]: "carol" } };
  let why = "";
  people.aws.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      why = result.response.headers["x-cognate-why"] ?? why;
      return result;
    },
    { step: "deserialize", priority: "low", name: "why" },
  );
  const refusal = await people.aws.getOpenIdTokenForDeveloperIdentity(input).catch((error) => error);
  same("the call is refused", refusal.name, "DeveloperUserAlreadyRegisteredException");
  await comes("the refused call appears", async () => (await rows.count()) === before + 1);
  check("its exception is in the list", (await rows.first().innerText()).includes(refusal.name));
  await page.getByLabel("Only refused").check();
  await comes("others can be hidden", async () => (await rows.count()) === 1);
  await page.getByLabel("Only refused").uncheck();
  await page.getByRole("button", { name: "Pause" }).click();
  await people.aws.getId({ IdentityPoolId: people.pool });
  await page.waitForTimeout(1_500);
  same("nothing moves during a pause", await rows.count(), before + 1);
  await page.getByRole("button", { name: "Go on" }).click();
  await comes("and then it goes on", async () => (await rows.count()) === before + 2);
  await page.context().close();

  check("the response names its page", why.startsWith(`${scene.url}/_cognate/#/requests/`), why);
  const reason = await scene.open(new URL(why).hash);
  await heading(reason).filter({ hasText: "GetOpenIdTokenForDeveloperIdentity" }).waitFor();
  const told = await text(reason);
  for (const part of [refusal.name, refusal.message, "stated by the caller, belongs to", "after MergeDeveloperIdentities of carol into alice"]) {
    check(`the reason tells: ${part}`, told.includes(part), told);
  }
  const copied = async (name) => {
    await reason.getByRole("button", { name }).click();
    return reason.evaluate(() => navigator.clipboard.readText());
  };
  const curl = await copied("Copy as curl");
  const answer = execFileSync("bash", ["-c", curl], { encoding: "utf8" });
  check("the copied curl is the same call", answer.includes(refusal.name), answer);
  const script = await copied("Copy as testkit script");
  const [, call, body] = /^(account0\/us-east-1 \w+) (\{.*\})\n$/.exec(script) ?? [];
  same("the copied script is one call", call, "account0/us-east-1 GetOpenIdTokenForDeveloperIdentity");
  same("with its input", Object.entries(JSON.parse(body)).sort(), Object.entries(input).sort());
  await reason.context().close();
}

export async function search(scene, people) {
  const page = await scene.open();
  const find = async (text) => {
    await page.locator("#text").fill(text);
    await page.locator("#text").press("Enter");
  };
  await heading(page).filter({ hasText: "game" }).waitFor();
  await find(people.carol);
  await heading(page).filter({ hasText: people.carol }).waitFor();
  check("an identity id leads to the identity", page.url().endsWith(`#/identities/${people.carol}`));
  await find("al");
  await heading(page).filter({ hasText: "begins with al" }).waitFor();
  await page.locator("#find-provider").selectOption(PROVIDER);
  await comes("a provider narrows the search", async () => page.url().includes(`Provider=${PROVIDER}`));
  await page.locator("#detail tbody a").click();
  await heading(page).filter({ hasText: people.alice }).waitFor();
  check("the beginning of a subject leads to the identity", page.url().endsWith(people.alice));
  await find("nobody");
  await comes("an unknown subject is told", async () => (await text(page)).includes("no such login"));

  const { Token } = await people.register("carol");
  await find(Token);
  await comes("a token is valid", async () => (await text(page)).includes("A valid token of this server."));
  check("a token leads to its identity", (await text(page)).includes(people.carol), await text(page));
  const [head, claims, signature] = Token.split(".");
  const middle = signature[20] === "A" ? "B" : "A";
  await find(`${head}.${claims}.${signature.slice(0, 20)}${middle}${signature.slice(21)}`);
  await comes("a changed token is not valid", async () => (await text(page)).includes("Not a valid token of this server."));
  check("its claims are marked as unverified", (await text(page)).includes("Claims, not verified"), await text(page));
  const kept = await page.evaluate(() => [location.href, ...Object.values(sessionStorage), document.querySelector("#text").value].join());
  check("no token is kept in the address, the storage or the field", !kept.includes(claims), kept);
  const traces = [...scene.asked].filter((url) => url.includes(claims) || url.includes(signature));
  same("no token is in an address that was asked for", traces, []);
  await page.context().close();
}

export async function strangers(scene, people) {
  for (const hash of [
    `#/pools/${people.pool}`,
    `#/identities/${people.evil}`,
    `#/graph/${people.pool}`,
    `#/find?Subject=${encodeURIComponent("<")}`,
    "#/requests",
  ]) {
    const page = await scene.open(hash);
    if (hash === "#/requests") {
      await page.locator("#calls a").first().waitFor();
      const own = page.locator("#calls a", { hasText: "GetOpenIdTokenForDeveloperIdentity" });
      await own.last().click();
    }
    await heading(page).waitFor();
    await page.waitForTimeout(300);
    const told = await page.locator("main").textContent();
    if (hash !== "#/requests") check(`${hash.split("/")[1]}: the name is text`, told.includes("<img src=x"), told);
    const harm = await page.evaluate(() => [window.pwned, document.querySelectorAll("main img").length]);
    same(`${hash.split("/")[1]}: the name runs nothing`, harm, [null, 0].map((one) => one ?? undefined));
    await page.context().close();
  }
}

export async function changes(scene, people) {
  const owner = async (user) =>
    (await people.aws.lookupDeveloperIdentity({ IdentityPoolId: people.pool, DeveloperUserIdentifier: user })).IdentityId;
  const page = await scene.open(`#/identities/${people.alice}`);
  await heading(page).filter({ hasText: people.alice }).waitFor();
  await page.getByRole("button", { name: "What would undo do?" }).first().click();
  await comes("the preview tells the changes", async () =>
    /Disabled → Authenticated, gets login\.game bob/.test((await text(page)).replaceAll(/\s+/g, " ")));
  same("the preview changes nothing", await owner("bob"), people.alice);

  await page.getByRole("button", { name: "Undo…" }).click();
  await page.getByRole("dialog").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  same("a cancelled undo changes nothing", await owner("bob"), people.alice);
  await page.getByRole("button", { name: "Undo…" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Undo", exact: true }).click();
  await comes("the page says that it is undone", async () => (await page.locator("#notice").innerText()) === "The change is undone.");
  same("bob has his identity again", await owner("bob"), people.bob);
  await comes("the history says so", async () => (await text(page)).includes("undone by"));
  same("an undone change cannot be undone again", await page.getByRole("button", { name: "What would undo do?" }).count(), 0);

  await people.merge("bob", "alice");
  await comes("a new merge appears", async () => (await page.getByRole("button", { name: "What would undo do?" }).count()) === 1);
  await people.aws.deleteIdentities({ IdentityIdsToDelete: [people.bob] });
  await page.getByRole("button", { name: "What would undo do?" }).click();
  await comes("a refused undo tells why", async () => (await text(page)).includes("Undo is not possible."));
  same("and offers none", await page.getByRole("button", { name: "Undo…" }).count(), 0);
  await page.context().close();
}
