// A token authority on loopback, in the shape of Microsoft Entra ID, for tests: oidc-provider, a certified server, does
// the protocol; the files beside this one put it under Entra's paths, words and rules, and make it fail as told.
//
//     node main.mjs '{"tokenSeconds": 10}'
//
// Prints one line of JSON, what a test must know, and ends when its standard input does. The options are those of
// options.mjs; what can be asked of it while it runs is in control.mjs.

import "./quiet.mjs";

import { createServer } from "node:http";
import { once } from "node:events";

import { control, controls } from "./control.mjs";
import { options } from "./options.mjs";
import { authority } from "./authority.mjs";

const settings = options(JSON.parse(process.argv[2] ?? "{}"));
const server = createServer();
server.listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}`;

const state = controls();
const { handle, keys, issuer } = authority(url, settings, state);
server.on("request", (request, response) => {
  if (request.url.startsWith("/_authority/")) control(state, request, response);
  else handle(request, response);
});
process.stdout.write(`${JSON.stringify({ url, issuer, keys, ...settings })}\n`);

process.stdin.resume();
await once(process.stdin, "end");
process.exit(0);
