// A running server, clients of the SDK, the pages of other sites, and a browser.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { chromium } from "playwright-core";

export const ACCOUNT = "123456789012";
export const PROVIDER = "login.game";
/** Sites whose names the browser resolves to this machine. */
export const ATTACKER = "attacker.test";
export const REBOUND = "rebound.test";

/** Starts everything, passes it to `tell`, and always stops it at the end. */
export async function staging(binary, executablePath, tell) {
  const folder = mkdtempSync(join(tmpdir(), "cognate-inspector-"));
  const scene = new Scene(binary, folder);
  const cleanUp = () => {
    scene.server?.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", cleanUp);
  const sites = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end("<!doctype html><title>page</title>");
  });
  sites.listen(0, "127.0.0.1");
  try {
    await once(sites, "listening");
    scene.sitePort = sites.address().port;
    await scene.start();
    const names = [ATTACKER, REBOUND].map((name) => `MAP ${name} 127.0.0.1`).join(", ");
    scene.browser = await chromium.launch({
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // The server must be safe without the protection of newer browsers, too.
        "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
        `--host-resolver-rules=${names}`,
      ],
    });
    await tell(scene);
  } catch (error) {
    console.error(scene.log);
    throw error;
  } finally {
    await scene.browser?.close();
    sites.close();
    cleanUp();
    process.off("exit", cleanUp);
  }
}

export class Scene {
  log = "";
  address = "127.0.0.1:0";
  /** The addresses that pages have asked for. */
  asked = new Set();
  /** What pages have complained about. */
  complaints = [];

  constructor(binary, folder) {
    this.binary = binary;
    this.folder = folder;
  }

  /** Starts the server, at its old address if it had one. */
  async start(...more) {
    const options = ["serve", "--data", join(this.folder, "data"), "--listen", this.address];
    options.push("--signing-algorithm", "es256", ...more);
    this.server = spawn(this.binary, options, { stdio: ["ignore", "pipe", "pipe"] });
    this.server.stderr.on("data", (text) => {
      this.log = (this.log + text).slice(-4_000);
    });
    let line = "";
    for await (const text of this.server.stdout) {
      line += text;
      const found = /listening on http:\/\/(\S+)\n/.exec(line);
      if (!found) continue;
      this.server.stdout.resume();
      this.address = found[1];
      this.url = `http://${this.address}`;
      this.port = this.address.split(":")[1];
      return;
    }
    throw new Error("the server does not start");
  }

  async stop() {
    const ended = once(this.server, "exit");
    this.server.kill("SIGTERM");
    await ended;
  }

  /** The SDK of an account, or without credentials. */
  sdk(account = ACCOUNT) {
    return new CognitoIdentity({
      region: "us-east-1",
      endpoint: this.url,
      maxAttempts: 1,
      credentials: { accessKeyId: account, secretAccessKey: "x" },
    });
  }

  /** A request to the control plane, without a browser. */
  async control(method, path, body) {
    const sent = typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(`${this.url}/_cognate/${path}`, { method, body: sent });
    return response.json();
  }

  /** A tab with the page, in a browser profile of its own. */
  async open(hash = "", options = {}) {
    const viewport = { width: 1280, height: 800 };
    const context = await this.browser.newContext({ viewport, ...options });
    context.setDefaultTimeout(10_000);
    await context.grantPermissions(["clipboard-read", "clipboard-write"], { origin: this.url });
    const page = await context.newPage();
    page.on("request", (request) => this.asked.add(request.url()));
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      const isStatus = /the server responded with a status|ERR_|net::/.test(message.text());
      if (message.type() === "error" && !isStatus) this.complaints.push(message.text());
    });
    await page.goto(`${this.url}/_cognate/${hash}`);
    return page;
  }

  /** A page of another site, in a browser profile of its own. */
  async site(host) {
    const context = await this.browser.newContext();
    const page = await context.newPage();
    await page.goto(`http://${host}:${this.sitePort}/`);
    return page;
  }

  /**
   * A page that the attacker served before its host name resolved to the server's address. It
   * replaces the server's answer, because the browser resolves the name to one address throughout.
   */
  async rebound() {
    const context = await this.browser.newContext();
    const url = `http://${REBOUND}:${this.port}/attack`;
    await context.route(url, (route) =>
      route.fulfill({ contentType: "text/html", body: "<!doctype html><title>attack</title>" }),
    );
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }
}
