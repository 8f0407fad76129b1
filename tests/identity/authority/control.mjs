// What tests ask of a running authority:
//
//     GET /_authority/log        what was asked and answered so far
//     POST /_authority/faults    adds a fault: see faults.mjs
//     GET /_authority/faults     the faults, with how often each is still to hit
//     DELETE /_authority/faults  no more faults

export function controls() {
  return { log: [], faults: [] };
}

export async function control(state, request, response) {
  const answer = (status, body) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  };
  switch (`${request.method} ${request.url}`) {
    case "GET /_authority/log":
      return answer(200, state.log);
    case "POST /_authority/faults":
      state.faults.push({ times: Infinity, ...JSON.parse(await text(request)) });
      return answer(200, {});
    case "GET /_authority/faults":
      return answer(200, state.faults);
    case "DELETE /_authority/faults":
      state.faults.length = 0;
      return answer(200, {});
    default:
      return answer(404, {});
  }
}

async function text(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}
