"""A receiver of events on loopback. It keeps what it gets."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver:
    """Keeps each delivery as its headers and body. The first deliveries get `answers`, all later ones 204."""

    def __init__(self, *answers):
        self.deliveries = deliveries = []
        answers = list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                deliveries.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(answers.pop(0) if answers else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks/alerts"

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
