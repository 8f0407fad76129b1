// Headless browsers, each with a fresh profile. They end even if the test does not end them.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** After this many seconds a browser ends, even if the test is gone. */
const LONGEST = 170;

/** The words with which each browser opens one address and contacts nobody else. */
const WORDS = {
  chromium: (profile, url) => [
    "--headless",
    "--no-sandbox", // Chromium's sandbox refuses root, and it opens only this test's page.
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    `--user-data-dir=${profile}`,
    url,
  ],
  "firefox-esr": (profile, url) => ["--headless", "--no-remote", "--new-instance", "--profile", profile, url],
};

/** Keeps Firefox from contacting anybody but the page, and from asking questions. */
const PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.enabled": false,
  "browser.aboutwelcome.enabled": false,
  "browser.safebrowsing.malware.enabled": false,
  "browser.safebrowsing.phishing.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.proxy.type": 0,
  "services.settings.server": "http://127.0.0.1:1/",
  "toolkit.telemetry.enabled": false,
};

/** Opens an address in a browser: `chromium` or `firefox-esr`. */
export async function open(browser, url) {
  const profile = await mkdtemp(join(tmpdir(), "browser-"));
  const lines = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
  if (browser === "firefox-esr") await writeFile(join(profile, "user.js"), lines.join(""));
  const words = ["--kill-after=5", `${LONGEST}`, browser, ...WORDS[browser](profile, url)];
  const child = spawn("timeout", words, { stdio: ["ignore", "ignore", "pipe"], detached: true });
  let said = "";
  child.stderr.on("data", (text) => (said += text));
  const ended = once(child, "exit");
  return {
    ended: ended.then(([code]) => Promise.reject(new Error(`${browser} ended with exit code ${code}:\n${said}`))),
    close: async () => {
      // The browser and its processes are one group.
      process.kill(-child.pid, "SIGKILL");
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
