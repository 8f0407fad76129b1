"""The stand-in API, started as its users start it, and driven over HTTP."""

import json
import os
import signal
import subprocess
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from commandline import CommandLine, Proxy

# It is on this machine, whatever proxy there may be.
_open = build_opener(ProxyHandler({})).open


class Simulator:
    def __init__(self):
        binary = os.environ.get("CONNECTOR_BIN")
        if not binary:
            raise RuntimeError("CONNECTOR_BIN must be the path of the connector's command line")
        command = [binary, "simulate", "--port", "0", "--output", "json"]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        ready = self._process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the simulator ended with exit code {self._process.wait()} before it was ready")
        self._known = json.loads(ready)
        self.url = self._known["url"]

    def ask(self, path, **options):
        """Sends a request to the simulator, past the component."""
        with _open(Request(self.url + path, **options)) as reply:
            text = reply.read()
        return text and json.loads(text)

    def token(self):
        """A token with the roles that the application has now."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._known["clientId"],
            "client_secret": self._known["clientSecret"],
            "scope": "https://api.securitycenter.microsoft.com/.default",
        }
        path = f"/{self._known['tenantId']}/oauth2/v2.0/token"
        return self.ask(path, data=urlencode(form).encode())["access_token"]

    def reset(self):
        self.ask("/_simulator/reset", method="POST")

    def revoke(self, *roles):
        self._send("/roles", "POST", {"revoke": roles})

    def spoil(self, kind):
        """Makes every answer go wrong until the next reset."""
        self._send("/faults", "POST", {"effect": {"kind": kind}})

    def populate(self, machines):
        self._send("/population", "PUT", {"machines": machines, "alerts": 0})

    def settle(self, **settings):
        self._send("/settings", "PATCH", settings)

    def proxy(self):
        """The command line's proxy of a connection to this."""
        return Proxy(self._known)

    def command_line(self):
        """The command line with a connection to this."""
        return CommandLine(self._known)

    def raise_alerts(self, *alerts):
        self._send("/alerts", "POST", alerts)

    def clear_log(self):
        self.ask("/_simulator/log", method="DELETE")

    def log(self):
        return self.ask("/_simulator/log")["arrivals"]

    def stop(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        self._process.stdout.close()

    def _send(self, path, method, body):
        headers = {"content-type": "application/json"}
        self.ask(f"/_simulator{path}", method=method, data=json.dumps(body).encode(), headers=headers)
