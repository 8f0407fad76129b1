"""`connector` with a connection to the stand-in API, started as its users start it."""

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


class CommandLine:
    """A configuration and a state directory of its own. `known` is what `connector simulate` printed."""

    def __init__(self, known):
        self._home = tempfile.TemporaryDirectory()
        home = Path(self._home.name)
        config = home / "config.toml"
        config.write_text(CONFIG.format(**known))
        self._environment = {
            "HOME": str(home),
            "PATH": os.environ.get("PATH", ""),
            "CONNECTOR_CONFIG": str(config),
            "CONNECTOR_STATE_DIR": str(home / "state"),
            "CONNECTOR_VAULT": "none",
            "SECRET": known["clientSecret"],
        }

    def start(self, *words, **variables):
        """Starts a command; the first line that it prints is left for the caller."""
        command = [os.environ["CONNECTOR_BIN"], *words]
        environment = self._environment | variables
        return subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )

    def run(self, *words, **variables):
        """Runs a command to its end, and returns what it printed."""
        command = [os.environ["CONNECTOR_BIN"], *words]
        environment = self._environment | variables
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"connector {' '.join(words)} ended with exit code {done.returncode}: {done.stderr}")
        return done.stdout

    def remove(self):
        self._home.cleanup()


class Proxy:
    """`connector proxy`."""

    def __init__(self, known):
        self._command_line = CommandLine(known)
        self._process = self._command_line.start("proxy", "--output", "json")
        ready = self._process.stdout.readline()
        if not ready:
            raise RuntimeError(f"the proxy ended with exit code {self._process.wait()} before it was ready")
        known = json.loads(ready)
        self.environment = known["environment"]
        self.key = known["key"]
        self.origin = known["origin"]

    def stop(self):
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        self._process.stdout.close()
        self._command_line.remove()
