"""The component under Wasmtime's own command line, against the stand-in API."""

import os
import subprocess
import unittest
from urllib.parse import quote

from simulator import Simulator

COMPONENT = os.environ.get("CONNECTOR_WASM")
WASMTIME = os.environ.get("WASMTIME")

# It is switched off, so that what is asked of it stays pending.
KIOSK = "b8f9a15fe44ce676f271b679e85af7bac024d974"


class ComponentUnderWasmtime(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not COMPONENT or not WASMTIME:
            raise RuntimeError("CONNECTOR_WASM must be the path of the component, and WASMTIME that of the program")
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)
        cls.token = cls.simulator.token()

    def setUp(self):
        self.simulator.reset()
        self.simulator.clear_log()

    def invoke(self, call):
        """What a call comes to, in the notation of WebAssembly's values."""
        variables = {"DEFENDER_API_URL": self.simulator.url, "DEFENDER_ACCESS_TOKEN": self.token}
        environment = [f"--env={name}={value}" for name, value in variables.items()]
        command = [WASMTIME, "run", "-Shttp", *environment, "--invoke", call, COMPONENT]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def assert_sent(self, *lines):
        sent = [f"{request['method']} {request['path']}" for request in self.simulator.log()]
        self.assertEqual(sent, list(lines))

    def test_reads_an_alert_with_a_large_id(self):
        self.simulator.raise_alerts({"id": "da7", "severity": "High", "incidentId": 9007199254740993})
        self.simulator.clear_log()
        alert = self.invoke('get-alert("da7")')
        self.assertRegex(alert, r'^ok\(\{id: some\("da7"\), ')
        self.assertIn("incident-id: some(9007199254740993)", alert)
        self.assert_sent("GET /api/alerts/da7")

    def test_isolates_one_machine_once(self):
        isolation = f'isolate-machine("{KIOSK}", "case 42", full)'
        self.assertIn('status: some("Pending")', self.invoke(isolation))
        self.assertRegex(self.invoke(isolation), r"^err\(permanent-conflict\(")
        self.assert_sent(*[f"POST /api/machines/{KIOSK}/isolate"] * 2)

    def test_sends_a_strange_id_as_one_segment(self):
        machine = "m7/unisolate?x="
        failure = self.invoke(f'isolate-machine("{machine}", "case 42", full)')
        self.assertRegex(failure, r"^err\(permanent-not-found\(")
        self.assert_sent(f"POST /api/machines/{quote(machine, safe='')}/isolate")

    def test_polls_for_new_alerts(self):
        self.assertIn("events: []", self.invoke("poll-new-alerts(none, {:})"))


if __name__ == "__main__":
    unittest.main()
