// The component as promises, in engines with WebAssembly's promise integration, against the stand-in API.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";

import { supported } from "./promises.mjs";
import { startSimulator } from "./simulator.mjs";
import { load } from "./transpile.mjs";

const DESKTOP = "7ab606c66c5d3ae26bfa9014b3ade7469debcc06";
// It is switched off, so that what is asked of it stays pending.
const KIOSK = "b8f9a15fe44ce676f271b679e85af7bac024d974";

const component = process.env.CONNECTOR_WASM;
if (!component) throw new Error("CONNECTOR_WASM must be the path of the component");

let simulator, connector, environment;

before(async () => {
  if (!supported) return;
  simulator = await startSimulator();
  connector = await load(component);
  environment = { DEFENDER_API_URL: simulator.url, DEFENDER_ACCESS_TOKEN: await simulator.token() };
});
beforeEach(() => simulator?.reset());
after(() => simulator?.stop());

const line = ({ method, target }) => `${method} ${target}`;
/** A test for engines that can do this. */
const promised = (name, run) => test(name, { skip: !supported && "the engine has no promise integration" }, run);

promised("reads, and isolates a machine once", async () => {
  const { machines, machineActions } = await connector.connect(environment);
  const comment = "0123456789".repeat(20_000);
  const arrivals = await simulator.arrivals(async () => {
    const { id, osBuild } = await machines.getMachine(KIOSK);
    assert.deepEqual([id, typeof osBuild], [KIOSK, "bigint"]);
    assert.equal((await machineActions.isolateMachine(KIOSK, comment, "full")).status, "Pending");
    const again = machineActions.isolateMachine(KIOSK, "again", "full");
    await assert.rejects(again, ({ tag }) => tag === "permanent-conflict");
  });
  assert.deepEqual(arrivals.map(line), [`GET /api/machines/${KIOSK}`, ...Array(2).fill(`POST /api/machines/${KIOSK}/isolate`)]);
  assert.equal(arrivals[1].body, `{"Comment":"${comment}","IsolationType":"Full"}`);
});

promised("calls of several instances wait at the same time, and hold up nothing else", async () => {
  await simulator.spoil({ kind: "latency", milliseconds: 1000 });
  let ticks = 0;
  const timer = setInterval(() => (ticks += 1), 20);
  const began = Date.now();
  const calls = Array.from({ length: 8 }, async () => (await connector.connect(environment)).machines.getMachine(DESKTOP));
  for (const { id } of await Promise.all(calls)) assert.equal(id, DESKTOP);
  clearInterval(timer);
  const took = Date.now() - began;
  assert.ok(took >= 1000 && took < 8 * 1000, `${took} ms`);
  assert.ok(ticks >= 5, `${ticks} ticks`);
});

promised("tells whether an isolation may have happened when no whole reply comes", async () => {
  const { machines, machineActions } = await connector.connect(environment);
  await machines.getMachine(DESKTOP); // so that there is a connection, which breaks
  for (const kind of ["drop", "cutOff"]) {
    await simulator.spoil({ kind });
    const arrivals = await simulator.arrivals(async () => {
      await assert.rejects(machines.getMachine(DESKTOP), ({ tag }) => tag === "unavailable", kind);
      const isolation = machineActions.isolateMachine(DESKTOP, "case 42", "full");
      await assert.rejects(isolation, ({ tag }) => tag === "permanent-outcome-unknown", kind);
    });
    const changes = arrivals.filter(({ method }) => method === "POST");
    assert.deepEqual(changes.map(line), [`POST /api/machines/${DESKTOP}/isolate`], kind);
    await simulator.reset();
  }
});

promised("says that the API cannot be reached", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  await new Promise((resolve) => server.close(resolve));
  const { machines, machineActions } = await connector.connect({ ...environment, DEFENDER_API_URL: url });
  await assert.rejects(machines.getMachine(DESKTOP), ({ tag }) => tag === "unavailable");
  // Deno does not say that the connection was refused, so the change may have been sent.
  const expected = "Deno" in globalThis ? "permanent-outcome-unknown" : "unavailable";
  await assert.rejects(machineActions.isolateMachine(DESKTOP, "case 42", "full"), ({ tag }) => tag === expected);
});

promised("does not follow a redirect, with which a change would be made elsewhere", async () => {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.writeHead(307, { location: "/api/machines/other/isolate" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${server.address().port}`;
  try {
    const { machines, machineActions } = await connector.connect({ ...environment, DEFENDER_API_URL: url });
    const isolation = () => machineActions.isolateMachine(DESKTOP, "case 42", "full");
    for (const call of [() => machines.getMachine(DESKTOP), isolation]) {
      await assert.rejects(call, ({ tag, val }) => tag === "permanent-unexpected-reply" && val.status === 307);
    }
  } finally {
    server.close();
    server.closeAllConnections();
  }
  assert.deepEqual(requests, [`GET /api/machines/${DESKTOP}`, `POST /api/machines/${DESKTOP}/isolate`]);
});
