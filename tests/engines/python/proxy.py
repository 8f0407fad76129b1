"""`connector proxy` of a connection to the stand-in API, started as its users start it."""

import json
import os
import signal
import subprocess
import tempfile
from pathlib import Path

CONFIG = """
[connections.default]
api-url = "{url}"
tenant-id = "{tenantId}"
allow-loopback-http = true
[connections.default.auth]
kind = "client-secret"
client-id = "{clientId}"
client-secret-env = "SECRET"
authority = "{url}"
"""


class Proxy:
    def __init__(self, known):
        self._home = tempfile.TemporaryDirectory()
        home = Path(self._home.name)
        config = home / "config.toml"
        config.write_text(CONFIG.format(**known))
        environment = {
            "HOME": str(home),
            "PATH": os.environ.get("PATH", ""),
            "CONNECTOR_STATE_DIR": str(home / "state"),
            "SECRET": known["clientSecret"],
        }
        command = [os.environ["CONNECTOR_BIN"], "proxy", "--config", str(config), "--output", "json"]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        ready = self._process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the proxy ended with exit code {self._process.wait()} before it was ready")
        known = json.loads(ready)
        self.environment = known["environment"]
        self.key = known["key"]

    def stop(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        self._process.stdout.close()
        self._home.cleanup()
