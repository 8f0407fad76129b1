// Passes connections on and counts them, in a thread of its own: a call of the component holds the caller's.

import { createConnection, createServer } from "node:net";
import { parentPort, workerData } from "node:worker_threads";

let connections = 0;
const server = createServer((socket) => {
  connections += 1;
  const onward = createConnection(workerData);
  for (const end of [socket, onward]) end.on("error", () => {});
  socket.pipe(onward).pipe(socket);
});
server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));
parentPort.on("message", () => parentPort.postMessage(connections));
