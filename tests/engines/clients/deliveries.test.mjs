// What `connector watch` delivers, read by the Node packages of CloudEvents and Standard Webhooks.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";

import { HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";

import { commandLine } from "../node/commandline.mjs";
import { startSimulator } from "../node/simulator.mjs";

const ALERTS = ["da7", "da8", "da9"];

let simulator;

before(async () => (simulator = await startSimulator()));
beforeEach(async () => {
  await simulator.reset();
  await simulator.alert(ALERTS.map((id) => ({ id, title: `ä "${id}"` })));
});
after(() => simulator?.stop());

for (const [mode, words] of Object.entries({ structured: [], binary: ["--binary"] })) {
  test(`every delivery is an event and its signature fits: ${mode}`, async () => {
    const secret = `whsec_${randomBytes(24).toString("base64")}`;
    const webhook = new Webhook(secret);
    const deliveries = await deliver(secret, words);
    for (const { headers, body } of deliveries) {
      assert.deepEqual(webhook.verify(body, headers), JSON.parse(body));
      assert.throws(() => webhook.verify(`${body} `, headers));
    }
    const events = deliveries.map((delivery) => HTTP.toEvent(delivery));
    for (const { id, data } of events) assert.equal(data.id, id);
    const ours = events.filter(({ id }) => ALERTS.includes(id));
    assert.deepEqual(ours.map(({ id, data }) => [id, data.title]), ALERTS.map((id) => [id, `ä "${id}"`]));
    // The receiver refused the first delivery, so its event came twice.
    assert.equal(events[0].id, events[1].id);
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length - 1);
    assert.equal(deliveries[0].headers["webhook-id"], deliveries[1].headers["webhook-id"]);
  });
}

/** All deliveries of a watch to a receiver that refuses the first one. */
async function deliver(secret, words) {
  const deliveries = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    deliveries.push({ headers: request.headers, body });
    response.writeHead(deliveries.length === 1 ? 503 : 204).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { start, remove } = await commandLine(simulator);
  const to = `http://127.0.0.1:${server.address().port}/hooks/alerts`;
  const flags = ["--to", to, "--since", "1h", "--once", "--allow-loopback-http", "--secret-env", "HOOK_SECRET"];
  const [code] = await once(start(["watch", "new-alerts", ...flags, ...words], { HOOK_SECRET: secret }), "exit");
  server.close();
  server.closeAllConnections();
  await remove();
  assert.equal(code, 0);
  return deliveries;
}
