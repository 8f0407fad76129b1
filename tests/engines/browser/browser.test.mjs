// The component in a page of a real browser, against the stand-in API. BROWSER names the browser.

import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";

import { startProxy } from "../node/commandline.mjs";
import { startSimulator } from "../node/simulator.mjs";
import { transpile } from "../node/transpile.mjs";
import { open } from "./browsers.mjs";
import { serve } from "./site.mjs";

const { BROWSER: browser, CONNECTOR_WASM: component } = process.env;
if (!browser || !component) throw new Error("BROWSER must name a browser, and CONNECTOR_WASM must be the path of the component");

const DESKTOP = "7ab606c66c5d3ae26bfa9014b3ade7469debcc06";
// It is switched off, so that what is asked of it stays pending.
const KIOSK = "b8f9a15fe44ce676f271b679e85af7bac024d974";

let simulator, site, page, token;

before(async () => {
  simulator = await startSimulator();
  site = await serve(await transpile(component), simulator.url);
  page = await open(browser, `${site.url}/page.html`);
  token = await simulator.token();
});
beforeEach(() => simulator.reset());
after(async () => {
  site?.close();
  await page?.close();
  await simulator?.stop();
});

/** What came of a call that the page made, by way of its own server. */
function outcome(resource, action, ...inputs) {
  const environment = { DEFENDER_API_URL: site.url, DEFENDER_ACCESS_TOKEN: token };
  return made({ environment, resource, action, inputs });
}

async function made(call) {
  const { broke, ...rest } = await Promise.race([site.call(call), page.ended]);
  assert.equal(broke, undefined);
  return rest;
}

async function value(...call) {
  const { failure, value } = await outcome(...call);
  assert.equal(failure, undefined);
  return value;
}

const line = ({ method, target }) => `${method} ${target}`;

test("reads an alert, with ids beyond JavaScript's numbers", { timeout: 60_000 }, async () => {
  await simulator.alert([{ id: "da7", title: "ä€", severity: "High", incidentId: 9007199254740993n }]);
  const arrivals = await simulator.arrivals(async () => {
    const { id, title, severity, incidentId } = await value("alerts", "getAlert", "da7");
    assert.deepEqual({ id, title, severity, incidentId }, {
      id: "da7",
      title: "ä€",
      severity: "High",
      incidentId: "9007199254740993",
    });
  });
  assert.deepEqual(arrivals.map(line), ["GET /api/alerts/da7"]);
  assert.equal(arrivals[0].headers.authorization, "Bearer <redacted>");
});

test("lists machines", { timeout: 60_000 }, async () => {
  await simulator.populate({ machines: 300, alerts: 0 });
  const arrivals = await simulator.arrivals(async () => {
    const page = await value("machines", "listMachines", { orderBy: "computerDnsName desc", count: true });
    assert.equal(page.count, 312);
    assert.equal(new Set(page.value.map(({ id }) => id)).size, 312);
  });
  assert.deepEqual(arrivals.map(line), ["GET /api/machines?$orderby=computerDnsName%20desc&$count=true"]);
});

test("isolates a machine once, and says why not again", { timeout: 60_000 }, async () => {
  const comment = "0123456789".repeat(2_000);
  const arrivals = await simulator.arrivals(async () => {
    const { status, requestorComment } = await value("machineActions", "isolateMachine", KIOSK, comment, "full");
    assert.deepEqual([status, requestorComment], ["Pending", comment]);
    const { failure } = await outcome("machineActions", "isolateMachine", KIOSK, "again", "full");
    assert.deepEqual([failure.tag, failure.val.code], ["permanent-conflict", "ActiveRequestAlreadyExists"]);
  });
  assert.deepEqual(arrivals.map(line), Array(2).fill(`POST /api/machines/${KIOSK}/isolate`));
  assert.equal(arrivals[0].body, `{"Comment":"${comment}","IsolationType":"Full"}`);
});

test("sends strange ids as one segment, and refuses hostile ones", { timeout: 60_000 }, async () => {
  const ids = ["../alerts", "m7/unisolate?x=", "%2f", "a#b", "ä€"];
  const arrivals = await simulator.arrivals(async () => {
    for (const id of ids) {
      const { failure } = await outcome("machineActions", "isolateMachine", id, "case 42", "full");
      assert.equal(failure?.tag, "permanent-not-found", id);
    }
    for (const id of ["", ".", "..", "m1\r\nx-evil: 1", "m1\0", "m".repeat(5000)]) {
      const { failure } = await outcome("machineActions", "isolateMachine", id, "case 42", "full");
      assert.deepEqual([failure?.tag, failure?.val.parameter], ["permanent-invalid-input", "machine-id"], id);
    }
  });
  assert.deepEqual(arrivals.map(line), ids.map((id) => `POST /api/machines/${encodeURIComponent(id)}/isolate`));
});

test("polls for new alerts", { timeout: 60_000 }, async () => {
  const first = await value("triggers", "pollNewAlerts", undefined, {});
  assert.deepEqual(first.events, []);
  await simulator.alert([{ id: "da8" }, { id: "da9" }]);
  const second = await value("triggers", "pollNewAlerts", first.checkpoint, {});
  assert.deepEqual(second.events.map(({ id }) => id).sort(), ["da8", "da9"]);
  assert.deepEqual((await value("triggers", "pollNewAlerts", second.checkpoint, {})).events, []);
});

test("tells whether an isolation may have happened when no whole reply comes", { timeout: 60_000 }, async () => {
  for (const kind of ["drop", "cutOff"]) {
    await simulator.spoil({ kind });
    const read = await outcome("machines", "getMachine", DESKTOP);
    assert.equal(read.failure?.tag, "unavailable", kind);
    const write = await outcome("machineActions", "isolateMachine", DESKTOP, "case 42", "full");
    assert.equal(write.failure?.tag, "permanent-outcome-unknown", kind);
    await simulator.reset();
  }
});

test("does not follow a redirect, with which a change would be made elsewhere", { timeout: 60_000 }, async () => {
  const environment = { DEFENDER_API_URL: `${site.url}/moved`, DEFENDER_ACCESS_TOKEN: token };
  const arrivals = await simulator.arrivals(async () => {
    const inputs = [KIOSK, "case 42", "full"];
    const { failure } = await made({ environment, resource: "machineActions", action: "isolateMachine", inputs });
    // A page learns only that there was a redirect.
    assert.equal(failure?.tag, "permanent-outcome-unknown");
    assert.match(failure.val.message, /the API answered with a redirect/);
  });
  assert.deepEqual(arrivals, []);
});

test("a page of an allowed origin uses the API through `connector proxy`, and sees no token", { timeout: 60_000 }, async () => {
  await simulator.settle({ nextLinkAfter: 5 });
  const proxy = await startProxy(simulator, ["--allow-origin", site.url]);
  const { environment } = proxy;
  const call = (resource, action, ...inputs) => made({ environment, resource, action, inputs });
  try {
    const arrivals = await simulator.arrivals(async () => {
      const first = (await call("machines", "listMachines", {})).value;
      const second = (await call("machines", "listMachines", { nextLink: first.nextLink })).value;
      assert.equal(new Set([...first.value, ...second.value].map(({ id }) => id)).size, 10);
      const isolation = await call("machineActions", "isolateMachine", KIOSK, "case 42", "full");
      assert.equal(isolation.value.status, "Pending");
      const { failure } = await call("machines", "getMachine", "m1");
      assert.equal(failure.tag, "permanent-not-found");
    });
    assert.deepEqual(arrivals.map(line), [
      "GET /api/machines",
      "GET /api/machines?$skip=5",
      `POST /api/machines/${KIOSK}/isolate`,
      "GET /api/machines/m1",
    ]);
    for (const { headers } of arrivals) assert.equal(headers.origin, undefined);
  } finally {
    await proxy.stop();
  }
});

test("a page of any other origin gets nothing from `connector proxy`", { timeout: 60_000 }, async () => {
  const proxy = await startProxy(simulator, ["--allow-origin", "http://127.0.0.1:9"]);
  const { environment } = proxy;
  try {
    const arrivals = await simulator.arrivals(async () => {
      const read = await made({ environment, resource: "machines", action: "getMachine", inputs: [KIOSK] });
      assert.equal(read.failure?.tag, "unavailable");
      const inputs = [KIOSK, "case 42", "full"];
      const write = await made({ environment, resource: "machineActions", action: "isolateMachine", inputs });
      assert.ok(write.failure);
    });
    assert.deepEqual(arrivals.filter(({ method }) => method !== "GET"), []);
  } finally {
    await proxy.stop();
  }
});
