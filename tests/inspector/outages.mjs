// A server that stops, and one that demands a token.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { check, comes, same } from "./check.mjs";
import { PROVIDER } from "./scene.mjs";
import { heading, text } from "./views.mjs";

export async function outages(scene, people) {
  const page = await scene.open(`#/identities/${people.carol}`);
  await heading(page).filter({ hasText: people.carol }).waitFor();
  const status = page.locator("#status");
  await comes("the page is live", async () => (await status.innerText()) === "Live");
  const shown = await text(page);
  await scene.stop();
  await comes("the page says that the server is away", async () => (await status.innerText()).startsWith("Not connected"));
  same("what it shows stays", await text(page), shown);
  await page.locator("#to-requests").click();
  await comes("another view is told plainly", async () => (await text(page)).includes("The server does not answer."));
  await page.goBack();
  await scene.start();
  await comes("the page connects again", async () => (await status.innerText()) === "Live");
  await heading(page).filter({ hasText: people.carol }).waitFor();
  await people.aws.unlinkDeveloperIdentity({
    IdentityId: people.carol,
    IdentityPoolId: people.pool,
    DeveloperProviderName: PROVIDER,
    DeveloperUserIdentifier: "carol",
  });
  await comes("and is live again", async () => (await text(page)).includes("unlinked login.game carol"));

  const file = join(scene.folder, "token");
  writeFileSync(file, "a token of the control plane\n");
  await scene.stop();
  await scene.start("--control-token-file", file);
  const dialog = page.getByRole("dialog");
  await comes("a token is asked for", async () => (await dialog.innerText()).includes("demands the token"));
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("Escape");
  // A dialog that the browser has closed opens again at once.
  await page.waitForTimeout(300);
  check("it can be answered only with a token", await dialog.isVisible());
  await page.locator("#token").fill("wrong");
  await page.locator("#token").press("Enter");
  await comes("a wrong one is told", async () => (await dialog.innerText()).includes("This token is wrong."));
  await page.locator("#token").fill(readFileSync(file, "utf8").trim());
  await page.locator("#token").press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await comes("the right one opens the page", async () => (await status.innerText()) === "Live");
  await page.reload();
  await heading(page).filter({ hasText: people.carol }).waitFor();
  check("the tab keeps it", await dialog.isHidden());
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Menu" }).click().then(() => page.getByText("Export everything").click()),
  ]);
  const exported = readFileSync(await download.path(), "utf8");
  check("an export has the token", exported.startsWith('{"cognate":"export"'), exported.slice(0, 200));
  await page.context().close();
  await scene.stop();
  await scene.start();
}
