// The component in Node, against the stand-in API: what it returns, and exactly what it sends.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";

import { explain, load } from "./defender.mjs";
import { startSimulator } from "./simulator.mjs";

const DESKTOP = "7ab606c66c5d3ae26bfa9014b3ade7469debcc06";
// It is switched off, so that what is asked of it stays pending.
const KIOSK = "b8f9a15fe44ce676f271b679e85af7bac024d974";

const component = process.env.CONNECTOR_WASM;
if (!component) throw new Error("CONNECTOR_WASM must be the path of the component");

let simulator, connector, defender, token;

before(async () => {
  simulator = await startSimulator();
  connector = await load(component);
  token = await simulator.token();
  defender = await connect({});
});
beforeEach(() => simulator.reset());
after(() => simulator?.stop());

/** An instance for the simulator, or for another API or token. */
function connect({ url = simulator.url, accessToken = token }) {
  return connector.connect({ DEFENDER_API_URL: url, DEFENDER_ACCESS_TOKEN: accessToken });
}

/** What a call throws. The target is a fresh id each time. */
function failure(call) {
  try {
    call();
  } catch ({ tag, val }) {
    const withoutTarget = ({ target, ...problem }) => problem;
    return { tag, val: val.problem ? { ...val, problem: withoutTarget(val.problem) } : withoutTarget(val) };
  }
  assert.fail("the call succeeded");
}

/** A request in short. */
const line = ({ method, target }) => `${method} ${target}`;

test("the component asks for WASI 0.2 without files and sockets, and for nothing else", () => {
  for (const name of connector.imports) assert.match(name, /^wasi:(cli|io|clocks|random|http)\//);
});

test("describes itself without sending anything", async () => {
  const arrivals = await simulator.arrivals(() => {
    const { name, actions } = JSON.parse(defender.connectorManifest.describe());
    assert.equal(name, "defender-atp");
    assert.equal(actions.find(({ name }) => name === "isolate-machine").effect, "disruptive");
  });
  assert.deepEqual(arrivals, []);
});

test("lists machines", async () => {
  const arrivals = await simulator.arrivals(() => {
    const page = defender.machines.listMachines({
      filter: "healthStatus eq 'Active' and osPlatform eq 'Windows11'",
      orderBy: "computerDnsName desc",
      top: 1,
      count: true,
    });
    assert.equal(page.count, 2n);
    assert.deepEqual(page.value.map(({ computerDnsName }) => computerDnsName), ["desktop-7qm1x.contoso.com"]);
  });
  assert.deepEqual(arrivals.map(line), [
    "GET /api/machines?$filter=healthStatus%20eq%20%27Active%27%20and%20osPlatform%20eq%20%27Windows11%27" +
      "&$orderby=computerDnsName%20desc&$top=1&$count=true",
  ]);
  const { accept, authorization, host } = arrivals[0].headers;
  assert.deepEqual({ accept, authorization, host }, {
    accept: "application/json",
    authorization: "Bearer <redacted>",
    host: new URL(simulator.url).host,
  });
});

test("gets a machine as the API has it", async () => {
  const raw = await simulator.ask(`/api/machines/${DESKTOP}`, { headers: { authorization: `Bearer ${token}` } });
  const arrivals = await simulator.arrivals(() => {
    const machine = defender.machines.getMachine(DESKTOP);
    for (const [name, value] of Object.entries(machine)) {
      const same = typeof value === "bigint" ? Number(value) : value;
      if (name !== "ipAddresses") assert.deepEqual(same ?? null, raw[name] ?? null, name);
    }
    assert.equal(machine.computerDnsName, "desktop-4k2f9.contoso.com");
    assert.equal(machine.osBuild, 22631n);
    assert.match(machine.lastSeen, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);
    const addresses = ({ ipAddresses }) => ipAddresses.map(({ ipAddress }) => ipAddress);
    assert.deepEqual(addresses(machine), addresses(raw));
  });
  assert.deepEqual(arrivals.map(line), [`GET /api/machines/${DESKTOP}`]);
});

test("isolates a machine once", async () => {
  const arrivals = await simulator.arrivals(() => {
    const action = defender.machineActions.isolateMachine(KIOSK, "case 42: \"ä\"", "selective");
    const { type, status, machineId, requestorComment } = action;
    assert.deepEqual({ type, status, machineId, requestorComment }, {
      type: "Isolate",
      status: "Pending",
      machineId: KIOSK,
      requestorComment: "case 42: \"ä\"",
    });
    assert.deepEqual(failure(() => defender.machineActions.isolateMachine(KIOSK, "again", "full")), {
      tag: "permanent-conflict",
      val: { message: "Action is already in progress", code: "ActiveRequestAlreadyExists", status: 400 },
    });
  });
  const sent = arrivals.map(({ headers, ...rest }) => ({ type: headers["content-type"], ...rest }));
  const isolation = { type: "application/json", method: "POST", target: `/api/machines/${KIOSK}/isolate` };
  assert.deepEqual(sent, [
    { ...isolation, body: '{"Comment":"case 42: \\"ä\\"","IsolationType":"Selective"}' },
    { ...isolation, body: '{"Comment":"again","IsolationType":"Full"}' },
  ]);
});

test("says that a machine is unknown", async () => {
  const arrivals = await simulator.arrivals(() => {
    assert.deepEqual(failure(() => defender.machines.getMachine("m1")), {
      tag: "permanent-not-found",
      val: { message: "Machine m1 was not found", code: "ResourceNotFound", status: 404 },
    });
  });
  assert.deepEqual(arrivals.map(line), ["GET /api/machines/m1"]);
});

test("says that a token is not accepted", async () => {
  const stranger = await connect({ accessToken: "not-a-token" });
  const arrivals = await simulator.arrivals(() => {
    assert.deepEqual(failure(() => stranger.machines.getMachine(DESKTOP)), {
      tag: "permanent-unauthorized",
      val: { message: "Authorization has been denied for this request.", code: "Unauthorized", status: 401 },
    });
  });
  assert.deepEqual(arrivals.map(line), [`GET /api/machines/${DESKTOP}`]);
});

test("says which role is missing", async () => {
  await simulator.changeRoles({ revoke: ["Machine.Isolate"] });
  const reader = await connect({ accessToken: await simulator.token() });
  const arrivals = await simulator.arrivals(() => {
    const { tag, val } = failure(() => reader.machineActions.isolateMachine(DESKTOP, "case 42", "full"));
    const { missingRoles, problem } = val;
    assert.deepEqual({ tag, missingRoles, code: problem.code, status: problem.status }, {
      tag: "permanent-forbidden",
      missingRoles: ["Machine.Isolate"],
      code: "Forbidden",
      status: 403,
    });
  });
  assert.deepEqual(arrivals.map(line), [`POST /api/machines/${DESKTOP}/isolate`]);
});

test("says that the API cannot be reached", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  await new Promise((resolve) => server.close(resolve));
  const lost = await connect({ url });
  for (const call of [
    () => lost.machines.getMachine(DESKTOP),
    // It is known that nothing was sent, so that it may be sent again, though it would change something.
    () => lost.machineActions.isolateMachine(DESKTOP, "case 42", "full"),
  ]) {
    assert.deepEqual(failure(call), {
      tag: "unavailable",
      val: { message: `the API cannot be reached: ConnectionRefused (${url})`, code: undefined, status: undefined },
    });
  }
});

/**
 * When a connection that was used before breaks, Deno opens a new one by itself and sends nothing on it, so the call waits
 * until its time-out. The request is not sent twice. `promises.mjs` does not have this problem.
 */
const skip = "Deno" in globalThis && "in Deno such a call waits until its time-out";

test("tells whether an isolation may have happened when no whole reply comes", { skip }, async () => {
  for (const kind of ["drop", "cutOff"]) {
    await simulator.spoil({ kind });
    const arrivals = await simulator.arrivals(() => {
      assert.equal(failure(() => defender.machines.getMachine(DESKTOP)).tag, "unavailable", kind);
      const isolate = () => defender.machineActions.isolateMachine(DESKTOP, "case 42", "full");
      assert.equal(failure(isolate).tag, "permanent-outcome-unknown", kind);
    });
    assert.deepEqual(arrivals.map(line), [`GET /api/machines/${DESKTOP}`, `POST /api/machines/${DESKTOP}/isolate`]);
    await simulator.reset();
  }
});

test("reads share a connection", async () => {
  const { hostname: host, port } = new URL(simulator.url);
  const relay = new Worker(new URL("relay.mjs", import.meta.url), { workerData: { host, port } });
  const [relayed] = await once(relay, "message");
  const { machines } = await connect({ url: `http://127.0.0.1:${relayed}` });
  for (let reads = 0; reads < 5; reads += 1) machines.getMachine(DESKTOP);
  relay.postMessage("count");
  const [connections] = await once(relay, "message");
  await relay.terminate();
  assert.equal(connections, 1);
});

test("refuses hostile ids before anything is sent", async () => {
  const arrivals = await simulator.arrivals(() => {
    for (const id of ["", ".", "..", "m1\r\nx-evil: 1", "m1\0", "m".repeat(5000)]) {
      const { tag, val } = failure(() => defender.machineActions.isolateMachine(id, "case 42", "full"));
      assert.deepEqual([tag, val.parameter], ["permanent-invalid-input", "machine-id"], JSON.stringify(id));
    }
  });
  assert.deepEqual(arrivals, []);
});

test("sends strange ids as one segment", async () => {
  const ids = ["../alerts", "m7/unisolate?x=", "%2f", "a#b", "ä€"];
  const arrivals = await simulator.arrivals(() => {
    for (const id of ids) {
      const { tag } = failure(() => defender.machineActions.isolateMachine(id, "case 42", "full"));
      assert.equal(tag, "permanent-not-found", id);
    }
  });
  assert.deepEqual(arrivals.map(line), ids.map((id) => `POST /api/machines/${encodeURIComponent(id)}/isolate`));
});

test("sends and receives more than one buffer", async () => {
  const comment = "0123456789".repeat(20_000);
  await simulator.populate({ machines: 300, alerts: 0 });
  const arrivals = await simulator.arrivals(() => {
    assert.equal(defender.machineActions.isolateMachine(KIOSK, comment, "full").requestorComment, comment);
    const page = defender.machines.listMachines({});
    assert.equal(page.value.length, 312);
    assert.equal(new Set(page.value.map(({ id }) => id)).size, 312);
  });
  assert.deepEqual(arrivals.map(line), [`POST /api/machines/${KIOSK}/isolate`, "GET /api/machines"]);
  assert.equal(arrivals[0].body, `{"Comment":"${comment}","IsolationType":"Full"}`);
});

test("explains failures", () => {
  assert.equal(explain({ tag: "unavailable", val: { message: "no reply came" } }), "unavailable: no reply came");
  assert.equal(
    explain({ tag: "permanent-invalid-input", val: { parameter: "machine-id", problem: { message: "machine-id is empty" } } }),
    "permanent-invalid-input: machine-id is empty",
  );
  assert.equal(explain({ tag: "execution-failed" }), "execution-failed: the call was stopped");
});

test("the program lists and isolates, and ends with 1 on a failure", async () => {
  const program = fileURLToPath(new URL("defender.mjs", import.meta.url));
  const env = { ...process.env, DEFENDER_API_URL: simulator.url, DEFENDER_ACCESS_TOKEN: token };
  const run = (...words) => promisify(execFile)(process.execPath, [program, component, ...words], { env });
  assert.match((await run()).stdout, /^desktop-4k2f9\.contoso\.com {2}Active {2}risk High$/m);
  assert.match((await run(KIOSK, "case 42")).stdout, /^Isolate kiosk-03\.contoso\.com: Pending \(/);
  await assert.rejects(run("m1"), ({ code, stdout, stderr }) => {
    assert.deepEqual({ code, stdout, stderr }, {
      code: 1,
      stdout: "",
      stderr: "permanent-not-found: Machine m1 was not found\n",
    });
    return true;
  });
});
