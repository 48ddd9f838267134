// Many identities: the list, the graph, and the import of a file by the page.

import { check, comes, same } from "./check.mjs";
import { ACCOUNT, PROVIDER } from "./scene.mjs";
import { heading } from "./views.mjs";

const LIST = "us-east-1:10000000-0000-4000-8000-000000000000";
const GRAPH = "us-east-1:50000000-0000-4000-8000-000000000000";

function seed(id, name, identities) {
  const settings = {
    IdentityPoolName: name,
    AllowUnauthenticatedIdentities: true,
    DeveloperProviderName: PROVIDER,
    SupportedLoginProviders: { "accounts.google.com": "app" },
  };
  const lines = [{ cognate: "seed", version: 1 }, { pool: { id, account: ACCOUNT, settings } }];
  lines.push(...identities.map((identity) => ({ identity })));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

export async function importFile(page, text) {
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("button", { name: "Import a file…" }).click();
  await page.locator("#file").setInputFiles({ name: "file.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(text) });
  await page.getByRole("dialog").getByRole("button", { name: "Import" }).click();
}

export async function large(scene) {
  const login = (user) => ({ developer: PROVIDER, subject: user });
  const many = Array.from({ length: 10_000 }, (_, number) =>
    number % 10 === 0 ? {} : { logins: [login(`user-${number}`)] });
  const page = await scene.open();
  await heading(page).waitFor();
  await comes("the page is live", async () => (await page.locator("#status").innerText()) === "Live");
  const whole = seed(LIST, "many", many);
  await importFile(page, `${whole.slice(0, 40_000)}\n`);
  const dialog = page.getByRole("dialog");
  await comes("a cut import is refused", async () => (await dialog.innerText()).includes("Nothing was imported"));
  check("with its line and the reason", /: line \d+: \w/.test(await dialog.innerText()), await dialog.innerText());
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  await importFile(page, whole);
  await page.getByRole("dialog").waitFor({ state: "hidden", timeout: 60_000 });
  const done = await page.locator("#notice").innerText();
  check("a file is imported", done.startsWith("Imported 1 pool, 10,000 identities"), done);

  const begun = Date.now();
  await page.locator("#pool").selectOption(LIST);
  await heading(page).filter({ hasText: "many" }).waitFor();
  check("a pool of 10,000 opens within 5 s", Date.now() - begun < 5_000, Date.now() - begun);
  const rows = page.locator("#identities tbody tr");
  same("one page of them is listed", await rows.count(), 60);
  const more = page.locator("#list").getByRole("button", { name: "Show more" });
  for (const count of [120, 180]) {
    await more.click();
    await comes(`${count} of them`, async () => (await rows.count()) === count);
  }
  await page.getByLabel("State").selectOption("UNAUTHENTICATED");
  await comes("only guests", async () => (await page.locator("#identities .authenticated").count()) === 0);
  same("a page of guests", await rows.count() >= 60, true);
  await page.context().close();

  // Each identity has a login, and every fifth one has two.
  const some = Array.from({ length: 500 }, (_, number) => ({
    logins: [
      login(`a user with a name that is longer than its box, ${number}`),
      ...(number % 5 === 0 ? [{ public: "accounts.google.com", subject: `${1_000_000 + number}` }] : []),
    ],
  }));
  await scene.control("POST", "import", seed(GRAPH, "graph", some));
  const graph = await scene.open(`#/graph/${GRAPH}`);
  await heading(graph).filter({ hasText: "graph" }).waitFor({ timeout: 20_000 });
  same("the graph has 500 identities", await graph.locator(".graph svg a").count(), 500);
  same("and 600 logins", await graph.locator(".graph svg g").count(), 600);
  const wrong = await graph.evaluate(() => {
    const wrong = [];
    for (const drawing of document.querySelectorAll(".graph svg")) {
      const boxes = [...drawing.querySelectorAll("rect")].map((box) => box.getBoundingClientRect());
      for (const [place, box] of boxes.entries()) {
        const covers = (other) =>
          box.left < other.right - 1 && other.left < box.right - 1 && box.top < other.bottom - 1 && other.top < box.bottom - 1;
        if (boxes.slice(place + 1).some(covers)) wrong.push("boxes overlap");
      }
      for (const text of drawing.querySelectorAll("text")) {
        const box = text.parentElement.querySelector("rect").getBoundingClientRect();
        const own = text.getBoundingClientRect();
        if (own.right > box.right || own.left < box.left) wrong.push(`${text.textContent} leaves its box`);
        if (own.height < 10) wrong.push(`${text.textContent} is too small`);
      }
    }
    return [...new Set(wrong)].slice(0, 5);
  });
  same("every label is in its box, and no box covers another", wrong, []);
  const title = await graph.locator(".graph svg g title").first().textContent();
  check("a cut label has its whole text as a title", title.includes("longer than its box, "), title);
  await graph.context().close();
}
