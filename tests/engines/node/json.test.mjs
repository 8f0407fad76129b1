// Integers of 64 bits in JSON.

import assert from "node:assert/strict";
import { test } from "node:test";

import { exact, integers } from "./json.mjs";

const ALERT = { id: "da1", incidentId: 42n, investigationId: 9007199254740993n, title: '\u00007 "8"', closed: undefined };

test("JSON.stringify of an alert works, and keeps large ids exact as strings", () => {
  assert.throws(() => JSON.stringify(ALERT), TypeError);
  assert.deepEqual(JSON.parse(JSON.stringify(ALERT, integers)), {
    id: "da1",
    incidentId: 42,
    investigationId: "9007199254740993",
    title: '\u00007 "8"',
  });
});

test("integers are numbers exactly as far as JavaScript's numbers are exact", () => {
  const edges = [2n ** 53n - 1n, 2n ** 53n, -(2n ** 53n) + 1n, -(2n ** 53n), 2n ** 64n - 1n, 0n];
  assert.equal(
    JSON.stringify(edges, integers),
    '[9007199254740991,"9007199254740992",-9007199254740991,"-9007199254740992","18446744073709551615",0]',
  );
});

test("a line for readers with 64-bit integers has them as the API sends them", () => {
  assert.equal(
    exact(ALERT),
    '{"id":"da1","incidentId":42,"investigationId":9007199254740993,"title":"\\u00007 \\"8\\""}',
  );
});
