// The trigger for new alerts in Node: what a program that polls and keeps the checkpoint sees, and what it cannot lose.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { load } from "./defender.mjs";
import { startSimulator } from "./simulator.mjs";
import { Checkpoint, poll } from "./watch.mjs";

const component = process.env.CONNECTOR_WASM;
if (!component) throw new Error("CONNECTOR_WASM must be the path of the component");

let simulator, connector, token, folder, file;

before(async () => {
  simulator = await startSimulator();
  connector = await load(component);
  token = await simulator.token();
  folder = await mkdtemp(join(tmpdir(), "watch-"));
});
beforeEach(async () => {
  await simulator.reset();
  file = join(folder, "checkpoint");
  await rm(file, { force: true });
});
after(async () => {
  await simulator?.stop();
  if (folder) await rm(folder, { recursive: true });
});

const environment = () => ({ DEFENDER_API_URL: simulator.url, DEFENDER_ACCESS_TOKEN: token });

/** Polls until there is no more, each time in a fresh instance. */
async function drain(deliver, options) {
  for (;;) {
    const { triggers } = await connector.connect(environment());
    if (!(await poll(triggers, new Checkpoint(file), deliver, options))) return;
  }
}

/** The ids of what is new. */
async function fresh(options) {
  const ids = [];
  await drain(({ id }) => ids.push(id), options);
  return ids;
}

test("reports what is new since the first poll, once", async () => {
  assert.deepEqual(await fresh(), []);
  await simulator.alert([{ id: "da1" }, { id: "da2" }]);
  assert.deepEqual((await fresh()).sort(), ["da1", "da2"]);
  assert.deepEqual(await fresh(), []);
});

test("finds alerts that share a time, over many pages", async () => {
  assert.deepEqual(await fresh(), []);
  const alertCreationTime = new Date().toISOString();
  const ids = Array.from({ length: 25 }, (_, number) => `da${100 + number}`);
  await simulator.alert(ids.map((id) => ({ id, alertCreationTime })));
  assert.deepEqual((await fresh({ pageSize: 4 })).sort(), ids);
});

test("delivers again, with the same id, what was not kept", async () => {
  await fresh();
  await simulator.alert({ id: "da7" });
  const receiver = () => Promise.reject(new Error("the receiver is away"));
  await assert.rejects(drain(receiver), /the receiver is away/);
  assert.deepEqual(await fresh(), ["da7"]);
});

test("refuses a checkpoint of another kind, and leaves it as it is", async () => {
  await writeFile(file, "junk");
  await assert.rejects(fresh(), ({ tag, val }) => tag === "permanent-invalid-input" && val.parameter === "checkpoint");
  assert.equal(await readFile(file, "utf8"), "junk");
});

test("the program prints what is new, and goes on where it was", async () => {
  const program = fileURLToPath(new URL("watch.mjs", import.meta.url));
  const env = { ...process.env, ...environment() };
  const run = () => promisify(execFile)(process.execPath, [program, component, file, "--once"], { env });
  assert.equal((await run()).stdout, "");
  await simulator.alert({ id: "da9", severity: "High" });
  const { id, data } = JSON.parse((await run()).stdout);
  assert.deepEqual([id, data.severity], ["da9", "High"]);
  assert.equal((await run()).stdout, "");
  await writeFile(file, "junk");
  await assert.rejects(run(), ({ code, stderr }) => code === 1 && /^permanent-invalid-input: checkpoint/.test(stderr));
});
