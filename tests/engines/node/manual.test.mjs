// The manual's program for Node, as it stands there: through `connector proxy`, which gives it an address alone.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { startProxy } from "./commandline.mjs";
import { startSimulator } from "./simulator.mjs";

const here = (file) => fileURLToPath(new URL(file, import.meta.url));
/** What the manual tells its readers to put beside the program, and what npm writes when it installs packages. */
const BESIDE = ["defender.mjs", "sandbox.mjs", "json.mjs", "package.json"];

let folder, simulator, program;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "manual-"));
  simulator = await startSimulator();
  const page = await readFile(here("../../../host/src/manual/other_engines.md"), "utf8");
  const programs = [...page.matchAll(/```js\n(.*?)```/gs)].map(([, text]) => text);
  [program] = programs.filter((text) => text.includes('from "./defender.mjs"'));
  await writeFile(join(folder, "program.mjs"), program);
  for (const file of BESIDE) await copyFile(here(file), join(folder, file));
  await symlink(here("node_modules"), join(folder, "node_modules"));
  await copyFile(process.env.CONNECTOR_WASM, join(folder, "defender_atp.wasm"));
});
after(async () => {
  await simulator?.stop();
  await rm(folder, { recursive: true });
});

/** Runs the program with these variables. */
function run(environment) {
  const env = { PATH: process.env.PATH, ...environment };
  return promisify(execFile)(process.execPath, ["program.mjs"], { cwd: folder, env });
}

test("the manual's program prints alerts and rows as JSON, and changes nothing", async () => {
  // More than JavaScript's numbers hold exactly.
  await simulator.alert([{ id: "da7", severity: "High", incidentId: 9007199254740993n }]);
  const proxy = await startProxy(simulator);
  try {
    let output;
    const arrivals = await simulator.arrivals(async () => (output = await run(proxy.environment)));
    assert.equal(output.stderr, "");
    const lines = output.stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    const [alerts, rows] = [lines.filter(({ severity }) => severity), lines.filter(({ FileName }) => FileName)];
    assert.equal(alerts[0].id, "da7");
    assert.equal(alerts[0].incidentId, "9007199254740993");
    assert.equal(typeof alerts[1].incidentId, "number");
    assert.deepEqual(new Set(alerts.map(({ severity }) => severity)), new Set(["High"]));
    assert.equal(rows.length, 3);
    assert.equal(alerts.length + rows.length, lines.length);
    const requests = arrivals.map(({ method, target }) => `${method} ${target.split("?")[0]}`);
    assert.deepEqual(requests, ["GET /api/alerts", "POST /api/advancedqueries/run"]);
  } finally {
    await proxy.stop();
  }
});

test("the manual's program says why it failed, as its comment has it", async () => {
  const { stdout, stderr } = await run({ DEFENDER_API_URL: simulator.url });
  assert.equal(stdout, "");
  assert.equal(stderr, "permanent-unauthorized: Authorization has been denied for this request.\n");
  assert.ok(program.includes(`// for example: ${stderr}`));
});
