// Makes requests fail as told, before the provider sees them.
//
// A fault is {"path": "/token", "times": 1, "status": 503, "headers": {}, "body": "…", "padding": 0, "hangUp": false}: to
// requests whose path ends so, that often, the answer is the body after so many spaces, or the end of the connection. With
// {"late": 2000} it is the provider's own, so many milliseconds late.

import { Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";

export function faults(state) {
  return async (context, next) => {
    const fault = state.faults.find((fault) => context.path.endsWith(fault.path) && fault.times > 0);
    if (!fault) return next();
    fault.times -= 1;
    if (fault.late) {
      await next();
      await setTimeout(fault.late);
      return;
    }
    if (fault.hangUp) {
      context.respond = false;
      context.req.socket.destroy();
      return;
    }
    context.status = fault.status ?? 200;
    context.type = "application/json";
    context.set(fault.headers ?? {});
    const body = typeof fault.body === "string" ? fault.body : JSON.stringify(fault.body ?? {});
    context.body = fault.padding ? Readable.from(padded(body, fault.padding)) : body;
  };
}

function* padded(body, bytes) {
  const piece = " ".repeat(64 * 1024);
  for (let sent = 0; sent < bytes; sent += piece.length) yield piece;
  yield body;
}
