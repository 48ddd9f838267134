// Colours, widths and the keyboard.

import { readFileSync } from "node:fs";

import { check, comes, same } from "./check.mjs";
import { heading } from "./views.mjs";

const axe = readFileSync("node_modules/axe-core/axe.min.js", "utf8");

export async function looks(scene, people) {
  const { Requests } = await scene.control("GET", "requests");
  const refused = Requests.find((call) => call.Exception).RequestId;
  const views = {
    pool: `#/pools/${people.pool}`,
    identity: `#/identities/${people.alice}`,
    graph: `#/graph/${people.pool}`,
    requests: "#/requests",
    call: `#/requests/${refused}`,
    find: "#/find?Subject=a",
    unknown: "#/nothing",
  };
  const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 360, height: 740 } };
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ["light", "dark"]) {
      // axe runs within the page, which the policy of the page does not allow.
      const page = await scene.open("#/", { viewport, colorScheme, bypassCSP: true });
      for (const [name, hash] of Object.entries(views)) {
        await page.evaluate((hash) => (location.hash = hash), hash);
        await page.locator(`h1[data-of="${hash}"]`).waitFor();
        if (name === "identity") {
          await page.getByRole("button", { name: "What would undo do?" }).click();
          await page.getByRole("button", { name: "Undo…" }).click();
          await page.getByRole("dialog").waitFor();
          await examine(page, `the dialog, ${size}, ${colorScheme}`);
          await page.keyboard.press("Escape");
        }
        await examine(page, `${name}, ${size}, ${colorScheme}`);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (size === "phone") check(`${name} fits 360 px, ${colorScheme}`, over <= 0, `${over} px too wide`);
      }
      await page.getByRole("button", { name: "Menu" }).click();
      await examine(page, `the menu, ${size}, ${colorScheme}`);
      await page.context().close();
    }
  }
  await keyboard(scene, people);
}

async function examine(page, name) {
  const found = await page.evaluate(`${axe};axe.run().then((result) => result.violations.map((violation) =>
    violation.id + ": " + violation.nodes.map((node) => node.html.slice(0, 120)).join(" ")))`);
  same(`axe finds nothing: ${name}`, found, []);
}

/** From the address to an undo and back, without a mouse. */
async function keyboard(scene, people) {
  const page = await scene.open(`#/pools/${people.pool}`);
  await heading(page).waitFor();
  await comes("the page is live", async () => (await page.locator("#status").innerText()) === "Live");
  const focus = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  /** Presses Tab until the focus is on an element. */
  const reach = async (selector) => {
    const seen = [];
    for (let presses = 0; presses < 60; presses += 1) {
      await page.keyboard.press("Tab");
      if (await page.evaluate((selector) => document.activeElement.matches(selector), selector)) return true;
      seen.push(await focus());
    }
    check(`the keyboard reaches ${selector}`, false, seen.join(" | "));
    return false;
  };
  await page.keyboard.press("Tab");
  same("the first stop is the link to the content", await focus(), "skip");
  await page.keyboard.press("Enter");
  same("it leads to the content", await focus(), "detail");
  same("and to no other view", new URL(page.url()).hash, `#/pools/${people.pool}`);

  await page.reload();
  await heading(page).waitFor();
  await reach("#text");
  await page.keyboard.type("alice");
  await page.keyboard.press("Enter");
  await page.locator('h1:has-text("begins with alice")').waitFor();
  await comes("the focus moves to the heading", () => page.evaluate(() => document.activeElement.matches("h1")));
  await reach("#detail td a");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  same("the focus is visible", outline, "solid");
  await page.keyboard.press("Enter");
  await heading(page).filter({ hasText: people.alice }).waitFor();
  await comes("the focus moves to the identity", () => page.evaluate(() => document.activeElement.matches("h1")));
  await reach('[data-key^="undo "]');
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Undo…" }).waitFor();
  await reach('[data-key="Undo…"]');
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").waitFor();
  same("a dialog begins at its harmless answer", await focus(), "Cancel");
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  same("the focus returns from the dialog", await focus(), "Undo…");

  await page.locator("#identities a").first().focus();
  const first = await focus();
  await page.keyboard.press("ArrowDown");
  const second = await focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  check("arrows move within a list", first !== second && (await focus()) === first, `${first} ${second}`);
  await page.context().close();
}
