"""The manual's programs for Python, as they stand there: through `connector proxy`, which gives them an address alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from simulator import Simulator

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "host/src/manual/other_engines.md"

# It is switched off, so that what is asked of it stays pending.
KIOSK = "b8f9a15fe44ce676f271b679e85af7bac024d974"


def program(having):
    """The one program of the page that has these words."""
    programs = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    [found] = [text for text in programs if "from defender import" in text and having in text]
    return found


class ProgramsOfTheManual(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.simulator = Simulator()
        cls.addClassCleanup(cls.simulator.stop)

    def setUp(self):
        self.simulator.reset()
        proxy = self.simulator.proxy()
        self.addCleanup(proxy.stop)
        self._environment = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(HERE), **proxy.environment}

    def run_program(self, text, *words, **variables):
        """Runs it in a folder that has the component, and returns what it printed."""
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(os.environ["CONNECTOR_WASM"], Path(folder) / "defender_atp.wasm")
            done = subprocess.run(
                [sys.executable, "-c", text, *words],
                env=self._environment | variables, cwd=folder, capture_output=True, text=True,
            )
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.splitlines()

    def test_the_reading_program_prints_alerts_and_rows_and_changes_nothing(self):
        self.simulator.raise_alerts({"id": "da7", "severity": "High"})
        self.simulator.clear_log()
        lines = self.run_program(program("list-alerts"))
        alerts = [json.loads(line) for line in lines if line.startswith("{")]
        self.assertEqual(alerts[0]["id"], "da7")
        self.assertEqual({alert["severity"] for alert in alerts}, {"High"})
        self.assertEqual(len(lines) - len(alerts), 3)
        paths = [f"{request['method']} {request['path']}" for request in self.simulator.log()]
        self.assertEqual(paths, ["GET /api/alerts", "POST /api/advancedqueries/run"])

    def test_the_reading_program_says_why_it_failed(self):
        [line] = self.run_program(program("list-alerts"), DEFENDER_API_URL=self.simulator.url)
        # As the comment in the program says.
        expected = "permanent-unauthorized: Authorization has been denied for this request."
        self.assertEqual(line, expected)
        self.assertIn(f"# for example: {expected}\n", program("list-alerts"))

    def test_the_acting_program_acts_on_the_machine_that_is_named_and_on_no_other(self):
        text = program("isolate-machine")
        self.simulator.clear_log()
        self.assertEqual(self.run_program(text, KIOSK), ["kiosk-03.contoso.com: isolation Pending"])
        paths = [f"{request['method']} {request['path']}" for request in self.simulator.log()]
        self.assertEqual(paths, [f"GET /api/machines/{KIOSK}", f"POST /api/machines/{KIOSK}/isolate"])
        expected = "permanent-conflict: Action is already in progress"
        self.assertEqual(self.run_program(text, KIOSK), [expected])
        self.assertIn(f"# for example: {expected}\n", text)


if __name__ == "__main__":
    unittest.main()
